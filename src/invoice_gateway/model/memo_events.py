"""What is told of adjustment documents when they are posted."""

from .blocks import MemoPartBlock
from .events import MemoBooked
from .events_reversals import DiscountPosted
from .ledger import Memo
from .money import Money


def posted(memo: Memo) -> MemoBooked:
    """Return what is told of a memo or a credit note."""
    currency = memo.currency
    return MemoBooked(
        memo=memo.key,
        doc_type=memo.doc_type,
        customer=memo.account,
        invoice=memo.invoice,
        amount=Money(memo.amount, currency),
        applied=Money(memo.applied, currency),
        open_credit=Money(memo.open_credit, currency),
        refunded=Money(memo.refunded, currency),
        reason_code=memo.reason_code,
        dispute_id=memo.dispute_id,
        reverses=memo.reverses.number if memo.reverses else None,
        line=_blocks(memo),
    )


def discounted(memo: Memo) -> DiscountPosted:
    """Return what is told of a discount, or of money that goes back."""
    currency = memo.currency
    assert memo.invoice is not None
    return DiscountPosted(
        memo=memo.key,
        doc_type=memo.doc_type,
        customer=memo.account,
        invoice=memo.invoice,
        amount=Money(memo.amount, currency),
        applied=Money(memo.applied, currency),
        open_credit=Money(memo.open_credit, currency),
        refunded=Money(memo.refunded, currency),
        reason_code=memo.reason_code,
        reason_text=memo.reason_text,
        line=_blocks(memo),
    )


def _blocks(memo: Memo) -> tuple[MemoPartBlock, ...]:
    return tuple(
        MemoPartBlock(
            part.line_no,
            Money(part.amount, memo.currency),
            Money(part.applied, memo.currency),
            Money(part.excess, memo.currency),
        )
        for part in memo.parts
    )
