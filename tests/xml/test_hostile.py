"""Attacks at the level of XML: every stored file gets the code that hostile.csv demands."""

import csv
import socket

import pytest

from invoice_gateway.xml.safe import parse
from invoice_gateway.xml.schemas import Schemas
from tests.xml.native import HOSTILE, ROOT, fixture, refusal, verdict

with (HOSTILE / "hostile.csv").open(encoding="utf-8", newline="") as table:
    ROWS = list(csv.DictReader(table))


def demanded(row: dict[str, str]) -> str:
    """The code for a row: whatever is well-formed and decent is no message of ours here."""
    return row["code"] if row["code"].startswith("xml-") else "xml-unknown-root"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_gets_the_code_that_is_demanded(row):
    """The code, not just a refusal: senders and dashboards sort by it."""
    assert verdict((HOSTILE / row["file"]).read_bytes()) == demanded(row)


def test_every_hostile_file_is_judged():
    """A file that no row mentions would be tested by nobody."""
    assert {path.name for path in HOSTILE.glob("*.xml")} == {row["file"] for row in ROWS}


def test_nothing_is_fetched():
    """No DTD, entity, schema hint or inclusion opens a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1]).encode()
        for row in ROWS:
            verdict((HOSTILE / row["file"]).read_bytes().replace(b"18099", port))
        hint = (
            f'<PaymentPosted xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="urn:invoice-gateway:1 http://127.0.0.1:{port.decode()}/x.xsd" '
        )
        body = fixture("payment_posted/invalid-method", ("<PaymentPosted ", hint))
        explained = Schemas(ROOT / "schemas")
        assert refusal(lambda: explained.check(parse(body))).code == "xsd-invalid"

        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_no_file_is_read(tmp_path):
    """A file that an entity, a hint or an XInclude names leaves no trace in what is said."""
    secret = tmp_path / "secret"
    secret.write_text("TOP-SECRET", encoding="utf-8")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    include = f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{secret}" parse="text"/>'
    bodies = [
        fixture("payment_posted/transfer", ("<!--", f"{entity}<!--"), (">ACME<", ">&e;<")),
        fixture("payment_posted/transfer", (">ACME<", f">{include}<")),
    ]

    said = [refusal(lambda body=body: schemas_check(body)) for body in bodies]

    assert [each.code for each in said] == ["xml-dtd-forbidden", "xsd-invalid"]
    assert "TOP-SECRET" not in "".join(f"{each} {each.findings}" for each in said)


def schemas_check(body: bytes) -> None:
    """Parse and validate with schemas of its own."""
    Schemas(ROOT / "schemas").check(parse(body))
