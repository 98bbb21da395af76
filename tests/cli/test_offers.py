"""The verbs about offers: each writes a message that the gateway takes, and sends it."""

import pytest
from lxml import etree

from tests import messages as say

LINES = (
    "net=60.00,type=purchase,product=PBX-10,period=P1M,quantity=1,description=Phone system",
    "net=30.00,no=x2,type=extension,product=F,subscription=S,period=P1Y,quantity=2,group=L,rate=20",
)
DRAFT = (
    "invoice",
    "draft",
    "PF-1",
    "--customer",
    "ACME",
    "--name",
    "Phones",
    "--to",
    "b@a.example",
    "--currency",
    "EUR",
)


@pytest.fixture
def spooled(tmp_path):
    """Everything that was put into the inbox of a sender, as trees, in order."""

    def read(sender="portal"):
        found = sorted((tmp_path / "spool/inbox" / sender).glob("*.xml"))
        return [etree.parse(each).getroot() for each in found]

    return read


def texts(root, *names):
    """The texts of the first elements of these names, anywhere."""
    return [root.findtext(f".//{{*}}{name}") for name in names]


def test_a_draft_goes_to_the_inbox_of_the_portal(ok, spooled):
    """With what was typed, and what goes without saying."""
    said = ok(*DRAFT, "--line", LINES[0], "--line", LINES[1])

    assert ": confirmed; see: invoice-gateway messages show cli-" in said.out
    [root] = spooled()
    assert texts(root, "Number", "Customer", "Name", "DueDays", "Currency") == [
        *("PF-1", "ACME", "Phones", "14", "EUR")
    ]
    lines = [
        {etree.QName(each).localname: each.text for each in line} for line in root.iter("{*}Line")
    ]
    assert lines == [
        {
            "LineNo": "1",
            "Type": "purchase",
            "ProductCode": "PBX-10",
            "Period": "P1M",
            "Description": "Phone system",
            "Quantity": "1",
            "NetAmount": "60.00",
            "TaxCategory": "Z",
            "TaxRate": "0",
        },
        {
            "LineNo": "x2",
            "Group": "L",
            "Type": "extension",
            "ProductCode": "F",
            "Subscription": "S",
            "Period": "P1Y",
            "Description": "Item",
            "Quantity": "2",
            "NetAmount": "30.00",
            "TaxCategory": "Z",
            "TaxRate": "20",
        },
    ]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("--topup", "100.00"), "TopUp/Amount"),
        (("--from-quote", "Q-1"), "FromQuote/OrderReference"),
    ],
)
def test_a_draft_may_be_a_topup_or_a_quote(ok, spooled, arguments, path):
    """Instead of lines."""
    ok(*DRAFT, *arguments, "--sender", "financials")

    [root] = spooled("financials")
    assert root.find("/".join(f"{{*}}{each}" for each in path.split("/"))).text == arguments[1]


COMMANDS = {
    "send": ("PF-1", "Send"),
    "mark-sent": ("PF-1", "MarkSent"),
    "provision": ("PF-1", "Provision"),
    "delete": ("PF-1 --reason twice", "Delete"),
    "void": ("PF-1 --reason twice", "Void"),
    "copy": ("PF-1 PF-2", "Copy"),
    "auto": ("PF-1 off", "SetAutoAllocate"),
    "edit": ("PF-1 --name N --to b@a.example --currency EUR --line net=1.00", "Edit"),
}


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_command_is_sent_about_the_invoice_named(ok, spooled, verb):
    """Each is the element of that name."""
    arguments, name = COMMANDS[verb]

    assert ": confirmed" in ok("invoice", verb, *arguments.split()).out

    [root] = spooled()
    assert [etree.QName(each).localname for each in root][1:] == ["Invoice", name]
    assert texts(root, "Invoice") == ["PF-1"]
    if "reason" in arguments:
        assert texts(root, "ReasonText") == ["twice"]


def test_every_message_has_an_id_of_its_own(ok, spooled):
    """A command typed twice is two commands."""
    ok("invoice", "send", "PF-1")
    ok("invoice", "send", "PF-1")

    ids = [texts(each, "MessageId")[0] for each in spooled()]
    assert len({*ids}) == 2
    assert all(each.startswith("cli-") for each in ids)


def test_an_invoice_of_somebody_else_is_named_with_its_issuer(ok, spooled):
    """And text is escaped, wherever it stands."""
    ok("invoice", "auto", "ACME/A&B-1", "on")

    [root] = spooled()
    found = root.find("{*}Invoice")
    assert (found.text, found.get("issuer")) == ("A&B-1", "ACME")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "say what is offered: one of --line"),
        (("--topup", "1.00", "--line", "net=1.00"), "say what is offered"),
        (("--line", "60.00"), "is not KEY=VALUE with one of the keys no group type"),
        (("--line", "colour=red"), "is not KEY=VALUE"),
        (("--line", "product=X"), "says no net=AMOUNT"),
    ],
)
def test_what_cannot_be_read_is_told(cli, arguments, text):
    """One line, and nothing is sent."""
    assert text in cli(*DRAFT, *arguments).error


def test_what_makes_no_valid_message_is_not_sent(cli, tmp_path):
    """It says what is wrong, in one line."""
    error = cli(*DRAFT, "--topup", "0.00").error

    assert error.startswith("amount-not-positive: /InvoiceDraft/TopUp/Amount")
    assert not (tmp_path / "spool/inbox").exists()


def test_an_offer_goes_the_way_of_all_messages(ok, tmp_path):
    """Sent, taken in by a worker, and shown as it stands."""
    ok("db", "upgrade")
    for name, role in (("erp", "erp"), ("portal", "portal")):
        ok("parties", "add", name, "--party", "ENTERPRISE", "--role", role)
    (tmp_path / "account.xml").write_bytes(say.customer_account())
    ok("send", tmp_path / "account.xml")
    ok(*DRAFT, "--line", LINES[0])
    ok("invoice", "send", "PF-1")
    ok("worker", "--once")

    shown = ok("invoice", "show", "PF-1", "--json").json

    assert (shown["kind"], shown["lifecycle"], shown["pending"]) == ("proforma", "Sent", 6_000)
    names = [each["name"] for each in ok("invoice", "history", "PF-1", "--json").json]
    assert names == ["invoice.drafted", "invoice.sent"]
