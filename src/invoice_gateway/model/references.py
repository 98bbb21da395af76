"""Looking up what a message refers to: it may not be there yet, or not be the sender's to touch."""

from abc import ABC, abstractmethod
from typing import TypeVar

from .decision import Context, Entity, Reach, WaitsFor
from .errors import Code, Parked, Rejected
from .invoice import Invoice
from .keys import InvoiceKey, SourceKey
from .ledger import Account, Dispute, Memo, Source
from .order import Order, Request

E = TypeVar("E", bound=Entity)


class References(ABC):
    """The part of a draft that finds what a message names, or says why not."""

    context: Context

    @abstractmethod
    def get(self, kind: type[E], key: object) -> E | None:
        """Return the newest version of an entity, or None when nobody knows it."""

    def account(self, party: str) -> Account:
        """Return an account the actor may act on.

        Raises:
            Parked: `unknown-party`.
            Rejected: `forbidden` (DOMAIN §3.16).
        """
        account = self.get(Account, party)
        if account is None:
            raise Parked(
                Code.UNKNOWN_PARTY, f"no account for party {party!r}", (WaitsFor.PARTY, party)
            )
        self.may_touch(account)
        return account

    def invoice(self, key: InvoiceKey) -> Invoice:
        """Return an invoice the actor may act on.

        Raises:
            Parked: `unknown-invoice`.
            Rejected: `forbidden`.
        """
        invoice = self.get(Invoice, key)
        if invoice is None:
            raise Parked(Code.UNKNOWN_INVOICE, f"no invoice {key}", (WaitsFor.INVOICE, str(key)))
        self.account(invoice.account)
        return invoice

    def living(self, key: InvoiceKey) -> Invoice:
        """Return an invoice the actor may act on, and that statuses still happen to (I-18).

        Raises:
            Parked: `unknown-invoice`.
            Rejected: `forbidden`; `bad-transition` on a draft and on what was withdrawn.
        """
        invoice = self.invoice(key)
        if not invoice.alive:
            raise Rejected(
                Code.BAD_TRANSITION,
                f"{key} is {invoice.lifecycle}: nothing is said about its lines",
            )
        return invoice

    def dispute(self, dispute_id: str) -> Dispute:
        """Return a dispute the actor may act on.

        Raises:
            Parked: `unknown-dispute`.
            Rejected: `forbidden`.
        """
        dispute = self.get(Dispute, dispute_id)
        if dispute is None:
            raise Parked(
                Code.UNKNOWN_DISPUTE,
                f"no dispute {dispute_id!r}",
                (WaitsFor.DISPUTE, dispute_id),
            )
        self.account(dispute.account)
        return dispute

    def source(self, key: SourceKey, code: Code = Code.UNKNOWN_SOURCE) -> Source:
        """Return a source the actor may act on.

        Raises:
            Parked: `code`.
            Rejected: `forbidden`.
        """
        self.account(key.account)
        source = self.get(Source, key)
        if source is None:
            raise Parked(
                code,
                f"no {key.type} {key.reference!r} of {key.account}",
                (WaitsFor.SOURCE, str(key)),
            )
        return source

    def memo(self, key: InvoiceKey) -> Memo:
        """Return a document; who may act on its invoice may act on it, and has been asked.

        Raises:
            Parked: `unknown-memo`.
        """
        memo = self.get(Memo, key)
        if memo is None:
            raise Parked(Code.UNKNOWN_MEMO, f"no memo {key}", (WaitsFor.MEMO, str(key)))
        return memo

    def order(self, reference: str) -> Order:
        """Return an order the actor may act on.

        Raises:
            Parked: `unknown-order`.
            Rejected: `forbidden`.
        """
        order = self.get(Order, reference)
        if order is None:
            raise Parked(Code.UNKNOWN_ORDER, f"no order {reference!r}", (WaitsFor.ORDER, reference))
        self.account(order.account)
        return order

    def request(self, request_id: str) -> Request:
        """Return a request the actor may act on.

        Raises:
            Parked: `unknown-request`.
            Rejected: `forbidden`.
        """
        request = self.get(Request, request_id)
        if request is None:
            raise Parked(
                Code.UNKNOWN_REQUEST,
                f"no request {request_id!r}",
                (WaitsFor.REQUEST, request_id),
            )
        self.account(request.account)
        return request

    def above(self, account: Account) -> tuple[str, ...]:
        """Return the resellers above `account`, nearest first; those that moved count as moved."""
        found: list[str] = []
        names = account.ancestors
        while names and names[0] not in found:
            found.append(names[0])
            higher = self.get(Account, names[0])
            names = names[1:] if higher is None else higher.ancestors
        return tuple(found)

    def may_touch(self, account: Account) -> None:
        """Refuse when the actor's right does not reach this account.

        Raises:
            Rejected: `forbidden`.
        """
        reach, party = self.context.reach, self.context.actor.party
        if reach is Reach.ANY or party == account.party:
            return
        if reach is Reach.BENEATH and party in self.above(account):
            return
        raise Rejected(
            Code.FORBIDDEN,
            f"{self.context.actor.role} {party} may not do this for another party's account",
        )
