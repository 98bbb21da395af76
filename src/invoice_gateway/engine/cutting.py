"""Where a batch is cut: around questions about the past, which see all that came before them."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from invoice_gateway.engine.judge import Case


def asking(cases: Sequence[Case]) -> bool:
    """Return whether any of them is a question about the past."""
    handlers = [case.incoming.handler for case in cases]
    return True in [each.reads_history for each in handlers if each is not None]


def parts(cases: Sequence[Case]) -> Iterator[list[Case]]:
    """Yield the cases in order, cut where questions about the past begin and end."""
    for _, part in groupby(cases, key=_asks):
        yield [*part]


def _asks(case: Case) -> bool:
    handler = case.incoming.handler
    return handler is not None and handler.reads_history
