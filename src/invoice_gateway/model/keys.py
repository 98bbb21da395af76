"""The natural keys by which senders, rules and tables name things."""

from typing import NamedTuple


class InvoiceKey(NamedTuple):
    """An invoice or memo as its issuer numbers it; unique in the deployment (P-02)."""

    issuer: str
    number: str

    def __str__(self) -> str:
        """Return `issuer/number`, the form used in logs, events and waiting lists."""
        return f"{self.issuer}/{self.number}"


class SourceKey(NamedTuple):
    """Money of an account that can pay invoices: a payment or an open credit."""

    account: str
    type: str
    reference: str

    def __str__(self) -> str:
        """Return `account/type/reference`."""
        return f"{self.account}/{self.type}/{self.reference}"


class LineKey(NamedTuple):
    """One line of one invoice."""

    invoice: InvoiceKey
    line_no: str
