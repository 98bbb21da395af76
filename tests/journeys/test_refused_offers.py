"""Offers and wallets in a database: a refusal leaves it as it was; editions and books are exact."""

from invoice_gateway import audit
from invoice_gateway.audit.facts import Facts, Reader
from invoice_gateway.store import journal, tables, upgrade
from tests import books
from tests import messages as m
from tests import messages_offers as o
from tests.canonical import differences, essence
from tests.engine_harness import ENTERPRISE, Databases, Engine, Sender, opened
from tests.services import PostgreSQL

BEFORE = (
    m.customer_account(),
    m.customer_account("GLOBEX"),
    o.invoice_draft("DRAFT"),
    o.invoice_draft("SENT"),
    o.send("SENT"),
    o.invoice_draft("FAULTY", {"lines": [o.Item(type="add-on"), o.Item(period=None)]}),
    o.send("FAULTY"),
    o.invoice_draft("PAID", {"lines": ["50.00", "40.00"]}),
    o.send("PAID"),
    m.payment_posted("PAY-1", amount="50.00"),
    m.allocate("PAY-1", invoice="PAID", amount="50.00"),
    o.invoice_draft("VOID"),
    o.send("VOID"),
    o.command("Void", "VOID"),
    o.invoice_draft("TOPUP", o.topup()),
    o.send("TOPUP"),
    m.payment_posted("PAY-2", amount="60.00", invoices=["TOPUP"]),
    o.wallet_usage(amount="10.00"),
    o.invoice_draft("BUSY", {"lines": [o.Item(net="30.00")]}),
    o.send("BUSY"),
    o.provision("BUSY"),
)
"""What all guards are tried on; 20.00 of the wallet are idle, 30.00 of it are reserved."""
REFUSED = {
    "a draft is not paid": ("bad-transition", m.allocate("PAY-2", invoice="DRAFT")),
    "a draft is not voided": ("bad-transition", o.command("Void", "DRAFT")),
    "a draft is not provisioned": ("bad-transition", o.provision("DRAFT")),
    "a draft is not resent": ("bad-transition", o.command("Resend", "DRAFT")),
    "a draft is not declared paid": ("bad-transition", m.payment_notice(invoices=["DRAFT"])),
    "a draft is not confirmed": (
        "bad-transition",
        m.line_status_update("confirm-receipt", invoice="DRAFT"),
    ),
    "a number is used once": ("number-taken", o.invoice_draft("SENT", {"lines": ["1.00"]})),
    "a copy has a number of its own": ("number-taken", o.copy("SENT", "DRAFT")),
    "what was sent is not deleted": ("bad-transition", o.command("Delete", "SENT")),
    "what was sent is not sent": ("bad-transition", o.command("MarkSent", "SENT")),
    "an offer gets no memo": ("bad-transition", m.memo_posted(invoice="SENT", amount="1.00")),
    "an offer keeps its currency": (
        "currency-mismatch",
        o.edit("SENT", {"currency": "USD", "lines": ["90.00"]}),
    ),
    "an offer keeps its kind": ("bad-transition", o.edit("SENT", o.topup())),
    "an edition does not undercut what is paid": (
        "below-settled",
        o.edit("PAID", {"lines": ["49.99", "40.00"]}),
    ),
    "an edition does not drop what is paid": (
        "below-settled",
        o.edit("PAID", {"lines": [o.Item(net="90.00", number="2")]}),
    ),
    "what is paid in part is not voided": ("not-voidable-allocated", o.command("Void", "PAID")),
    "items must be fit": ("not-provisionable", o.provision("FAULTY")),
    "money must be enough": ("no-credit-for-provision", o.provision("SENT")),
    "nobody answers what nobody asked": ("bad-transition", o.request_outcome("SENT")),
    "what was voided is not sent": ("bad-transition", o.send("VOID", message_id="once more")),
    "what was voided is not paid": ("bad-transition", m.allocate("PAY-2", invoice="VOID")),
    "an issued top-up is not voided": ("not-voidable-issued", o.command("Void", "TOPUP")),
    "an issued top-up is not edited": ("bad-transition", o.edit("TOPUP", o.topup("5.00"))),
    "a spent top-up keeps its payment": ("funds-spent", m.remove("PAY-2", invoice="TOPUP")),
    "a wallet does not top itself up": (
        "bad-transition",
        m.allocate("payment/PAY-2#1", invoice="TOPUP", source_type="wallet"),
    ),
    "a wallet has no more than it has": ("exceeds-source", o.wallet_usage("U-2", amount="20.01")),
    "a usage counts once": ("number-taken", o.wallet_usage(amount="11.00")),
    "what is asked for is not edited": ("bad-transition", o.edit("BUSY", {"lines": ["1.00"]})),
    "what is asked for is not voided": ("bad-transition", o.command("Void", "BUSY")),
    "what is asked for is not asked twice": ("bad-transition", o.provision("BUSY", message_id="2")),
    "what is asked for is not paid": ("bad-transition", m.allocate("PAY-2", invoice="BUSY")),
    "an answer knows its lines": ("unknown-line", o.request_outcome("BUSY", done=["9"])),
    "an offer is not cancelled": ("bad-transition", o.command("Cancel", "SENT")),
    "an offer is not executed unpaid": ("bad-transition", o.unpaid("SENT")),
    "a partner does not provision": ("forbidden", o.provision("SENT", sender="portal-of-acme")),
}


def business(facts: Facts) -> dict[str, object]:
    """The facts without what came in and what was set aside."""
    return {name: each for name, each in essence(facts).items() if name not in ("messages", "dead")}


def try_all(engine: Engine) -> None:
    """Send what is refused, one by one, and compare the books each time."""
    reader = Reader(engine.store)
    assert set(engine.send(*BEFORE)) == {"accepted"}
    before = reader.read()
    audit.check(before)
    for name, (code, body) in REFUSED.items():
        assert engine.send(body) == [f"rejected {code}"], name
        now = reader.read()
        audit.check(now, before)
        assert not differences(business(before), business(now)), name
        before = now


def senders():
    """The enterprise, and a reseller."""
    return (
        *ENTERPRISE,
        Sender("portal-of-acme", "ACME", "partner"),
        Sender("acme", "ACME", "partner"),
    )


def test_a_refusal_changes_nothing_on_sqlite(databases: Databases):
    """I-20, §6: neither rows nor events, but for what tells of the refusal."""
    with databases.emptied(senders()) as engine:
        try_all(engine)


def test_a_refusal_changes_nothing_on_postgresql(postgresql_server: PostgreSQL):
    """The same there."""
    made = postgresql_server.new_database(postgresql_server.template("store", upgrade))
    with opened(made, senders()) as engine:
        try_all(engine)
    postgresql_server.release(made)


def test_a_refused_provision_is_told_once_however_often_it_comes(databases: Databases):
    """P-07: the same submission causes the same two events, which are sent again."""
    with databases.emptied(senders()) as engine:
        engine.send(*BEFORE)
        reader = Reader(engine.store)
        before = {each.event_id for each in reader.read().events}
        for _ in range(2):
            assert engine.send(o.provision("FAULTY")) == ["rejected not-provisionable"]
        told = [each for each in reader.read().events if each.event_id not in before]

    assert [each.name for each in told] == ["provision.rejected", "message.rejected"]
    assert [each["Code"] for each in told[0].all("Item")] == [
        "type-not-provisionable",
        "period-missing",
    ]
    assert [each["Expected"] for each in told[1].all("Finding")] == [
        "add-ons are ordered with the subscription itself, on the day they begin",
        "add Period",
    ]


def test_editions_of_one_batch_are_all_kept(databases: Databases):
    """S1-05: history is the same however messages are batched, and the newest edition counts."""
    editions = [
        o.edit(offered={"lines": ["10.00", "20.00", "30.00"]}),
        o.edit(offered={"lines": ["5.00"]}),
        o.edit(offered={"lines": ["7.00", "8.00"]}),
    ]
    written = []
    for batches in ([1, 1, 1, 1, 1], [5], [2, 3], [4, 1]):
        with databases.emptied(senders()) as engine:
            todo = [m.customer_account(), o.invoice_draft(), *editions]
            for size in batches:
                assert set(engine.send(*todo[:size])) == {"accepted"}
                todo = todo[size:]
            assert engine.send(o.send()) == ["accepted"]
            facts = Reader(engine.store).read()
            audit.check(facts)
            with engine.store.session() as session:
                rows = session.read(tables.invoice_line.select().order_by("position"))
            written.append([(row.position, row.amount) for row in rows])
    [row] = facts.invoices.values()
    assert (row.amount, [each.amount for each in facts.lines[row.id]]) == (1_500, [700, 800])
    assert written == [[*enumerate([9_000, 1_000, 2_000, 3_000, 500, 700, 800])]] * 4


def test_the_books_hold_offers_and_wallets_to_the_cent(databases: Databases):
    """I-09, I-24: after usage of 10.00, a failure, 30.00 reserved once more, and a bounce."""
    with databases.emptied(senders()) as engine:
        told = (
            *BEFORE,
            o.failed(o.Fault(), invoice="BUSY"),
            o.provision("BUSY", message_id="again"),
            m.payment_reversed("REV-2", payment="PAY-2"),
        )
        assert set(engine.send(*told)) == {"accepted"}
        books.judge(engine.store)
        with engine.store.session() as session:
            found = [*journal.transactions(session)]

    [recovery] = [each for each in found if each.document.startswith("RC:")]
    assert [(each.account, each.amount) for each in recovery.postings] == [
        ("Assets:Receivable:ACME", 4_000),
        ("Liabilities:Wallet:ACME", -4_000),
    ]
