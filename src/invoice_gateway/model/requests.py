"""Requests wait for money, and are executed when their invoice is paid in full (S4-21…29)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .draft import Draft
    from .invoice import Invoice


def follow(draft: "Draft", invoice: "Invoice") -> None:
    """Draw the consequences of what became of `invoice` for the request and the order behind it."""
