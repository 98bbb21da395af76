"""Foreign text made safe to show: bounded in length, with nothing invisible in it."""

CLIP = 200


def clip(text: str, limit: int = CLIP) -> str:
    r"""Return at most `limit` characters of `text` (and an ellipsis), the unprintable ones escaped.

    Example:
        >>> clip("a\u202eb"), clip("x" * 10, 4)
        ('a\\u202eb', 'xxxx...')
    """
    if len(text) <= limit and text.isprintable():
        return text
    shown = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text[:limit]
    )
    cut = len(text) > limit or len(shown) > limit
    return f"{shown[:limit]}..." if cut else shown
