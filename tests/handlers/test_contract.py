"""What all handlers have in common: names, what they bring, and that a refusal leaves no trace."""

import pytest

from invoice_gateway.handler import known_before, snake_case
from invoice_gateway.model.decision import AlreadyApplied, Context
from invoice_gateway.model.errors import Code, Rejected
from invoice_gateway.model.invoice import Invoice
from invoice_gateway.model.ledger import Account, Allocation, Dispute, Memo, Source
from invoice_gateway.model.order import Order
from tests import messages as m
from tests import messages_offers as o
from tests import orders
from tests.model.build import context, payment
from tests.world import World, handlers, read, schemas

KINDS = {
    Account: "party",
    Invoice: "invoice",
    Source: "source",
    Memo: "memo",
    Dispute: "dispute",
    Order: "order",
}

SOFTWARE = orders.Piece(category="software")

# Messages, each with what must happen before it, by name of the message.
STORIES = {
    "CustomerAccount": ([], m.customer_account()),
    "InvoicePosted": ([m.customer_account()], m.invoice_posted(prepaid="10.00")),
    "InvoicePosted below zero": ([m.customer_account()], m.invoice_posted(lines=["-5.00"])),
    "MemoPosted": ([m.customer_account(), m.invoice_posted()], m.memo_posted(amount="5.00")),
    "CreditNotePosted": ([m.customer_account()], m.credit_note_posted()),
    "PaymentPosted": ([m.customer_account()], m.payment_posted()),
    "InvoiceDraft": ([m.customer_account()], o.invoice_draft()),
    "InvoiceCommand for a copy": ([m.customer_account(), o.invoice_draft()], o.copy()),
    "DisputeNotice": (
        [m.customer_account(), m.invoice_posted()],
        m.dispute_opened(lines=["1", "2"]),
    ),
    "DisputeNotice for the customer": (
        [m.customer_account(), m.invoice_posted()],
        m.dispute_opened(lines=["1"], sender="financials", acting_for="customer"),
    ),
    "OrderPlaced": ([m.customer_account()], orders.order_placed()),
    "OrderPlaced, software": ([m.customer_account()], orders.order_placed(lines=[SOFTWARE])),
    "DisputeResolution": (
        [m.customer_account(), m.invoice_posted(), m.dispute_opened(lines=["1"])],
        m.dispute_resolution("ACME/DN-1/1"),
    ),
}


@pytest.mark.parametrize(("before", "xml"), STORIES.values(), ids=STORIES)
def test_a_message_says_what_it_brings(before, xml):
    """Whoever waits for an account, invoice, source, memo or dispute is released by its arrival."""
    world = World().all(*before)
    handler, message, document, content_hash = read(xml)
    known = {(kind, each.key) for kind in KINDS for each in world.book.all(kind)}
    provides = handler.scope(message, world._context(handler, document, content_hash)).provides

    decision = world.send(xml)

    brought = {
        (KINDS[type(each)], str(each.key))
        for each in decision.changes
        if type(each) in KINDS and (type(each), each.key) not in known
    }
    assert brought
    assert brought == {(str(kind), key) for kind, key in provides}


def test_every_message_has_a_schema_of_its_name():
    """What is handled can be checked, and the other way round."""
    assert set(schemas().messages) == set(handlers())
    for name, handler in handlers().items():
        assert handler.message == name
        assert handler.schema == f"{snake_case(name)}.xsd"


@pytest.mark.parametrize(
    ("name", "file"),
    [("InvoicePosted", "invoice_posted"), ("A", "a"), ("Camt054Entry", "camt054_entry")],
)
def test_a_file_is_named_after_its_message(name, file):
    """Humps become underscores."""
    assert snake_case(name) == file


def test_a_natural_key_is_new_known_or_taken():
    """P-02: nothing to say, a duplicate of the first message, or a refusal that names it."""
    here: Context = context()
    known_before(None, here, Code.NUMBER_TAKEN, "it")

    with pytest.raises(AlreadyApplied) as again:
        known_before(payment(content_hash="hash", cause="erp/1"), here, Code.NUMBER_TAKEN, "it")
    assert again.value.first == "erp/1"

    with pytest.raises(Rejected, match=r"number-taken: it exists .* \(posted by erp/1\)"):
        known_before(payment(content_hash="other", cause="erp/1"), here, Code.NUMBER_TAKEN, "it")


def test_payment_and_invoice_commute():
    """I-29: a payment that names an invoice, in either order, gives the same allocations."""
    both = [m.payment_posted(amount="70.00", invoices=["INV-1"]), m.invoice_posted()]

    one = World().all(m.customer_account(), *both)
    two = World().all(m.customer_account(), *both[::-1])

    assert one.allocations() == two.allocations()
    assert [each.settled for each in one.invoice().lines] == [6_000, 1_000]
    assert one.invoice().derived == two.invoice().derived


def test_a_message_names_itself_as_the_cause():
    """Sender and message id, in every entity it makes."""
    world = World().all(m.customer_account(), m.invoice_posted(message_id="M-7"))

    assert world.invoice().cause == "erp/M-7"


def test_the_effective_date_is_the_date_of_posting():
    """P-06: backdated, while nothing else looks back."""
    world = World().all(
        m.customer_account(),
        m.invoice_posted(),
        m.payment_posted(effective_date="2026-10-01"),
    )

    [allocation] = world.book.all(Allocation)
    assert str(allocation.posted_on) == "2026-10-01"


@pytest.mark.parametrize(
    "xml",
    [
        m.memo_posted("CM:ACME/N1/1", amount="1.00"),
        m.memo_posted("WO:INV-1:PAY-1", amount="1.00"),
        m.credit_note_posted("DM:1"),
        m.payment_posted("prepaid:INV-1"),
        m.payment_reversed("memo/CM-1"),
        m.invoice_posted("CM:1"),
        o.invoice_draft("RC:ACME:REV-1:PAY-1#1"),
        o.copy("INV:1"),
        o.wallet_usage("US:CALL-1:2"),
        m.payment_reversed("WD:payment/PAY-1#1"),
    ],
)
def test_numbers_of_the_gateway_are_its_own(world, xml):
    """A sender cannot take a number the gateway would give later."""
    assert world.refusal(xml).code == "number-taken"


@pytest.mark.parametrize("kind", ["bounce", "chargeback"])
def test_only_a_refund_names_an_invoice(world, kind):
    """Money that the bank takes back comes off the newest allocations (A-10)."""
    assert world.refusal(m.payment_reversed(kind=kind, invoice="INV-1")).code == "bad-transition"
