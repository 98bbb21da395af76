"""Which XML libraries read the messages."""

from lxml import etree


def libxml2() -> str:
    """Return the version of libxml2 that lxml runs on: `2.14.6`."""
    return ".".join(map(str, etree.LIBXML_VERSION))
