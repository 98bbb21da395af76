"""Large documents, each judged in a process of its own; prints what it took as JSON lines."""

import json
import os
import re
import resource
import sys
from collections.abc import Callable

from invoice_gateway.model.errors import Rejected
from invoice_gateway.xml.document import canonical
from invoice_gateway.xml.safe import parse
from tests.xml.native import FIXTURES, schemas

MB = 1_000_000
BASE = (FIXTURES / "invoice_posted" / "one-line.xml").read_text(encoding="utf-8")
[LINE] = re.findall(r" *<Line>.*?</Line>\n", BASE, re.DOTALL)
NOTICE = (FIXTURES / "payment_notice" / "minimal.xml").read_text(encoding="utf-8")


def lines(count: int, change: Callable[[str, int], str] = lambda line, _: line) -> bytes:
    """An invoice of `count` lines, each changed by `change`."""
    made = (
        change(LINE.replace("<LineNo>1<", f"<LineNo>{number}<"), number) for number in range(count)
    )
    return BASE.replace(LINE, "".join(made)).encode()


def ruined(line: str, _: int) -> str:
    """A line with six faults."""
    for good, bad in [
        ("<LineNo>", "<LineNo>/"),
        (">1</Quantity>", ">q</Quantity>"),
        ("<UnitPrice>450", "<UnitPrice>z"),
        ("<NetAmount>450", "<NetAmount>y"),
        ("<TaxCategory>O", "<TaxCategory>Q"),
        ("<TaxRate>0", "<TaxRate>x"),
    ]:
        line = line.replace(good, bad)
    return line


def described(text: str) -> bytes:
    """An invoice with `text` as the description of its line."""
    return BASE.replace("Colocation, half rack", text).encode()


def noticed(count: int, lines_each: int, line: str) -> bytes:
    """A payment notice of many invoices with many lines each."""
    invoice = f"<Invoice><Number>I</Number>{f'<LineNo>{line}</LineNo>' * lines_each}</Invoice>"
    return re.sub(
        r"<Invoice>.*</Invoice>", lambda _: invoice * count, NOTICE, flags=re.DOTALL
    ).encode()


def crowded(count: int) -> str:
    """An element with `count` attributes that it should not have."""
    return "<AllowanceCharge " + " ".join(f'a{number}=""' for number in range(count)) + "/>"


CASES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "text of 11 MB": ("xml-too-large", lambda: described("x" * 11 * MB)),
    "text of 9 MB, mostly white": ("ok", lambda: described(f"x{' ' * 9 * MB}y")),
    "text of 9 MB": ("xsd-invalid", lambda: described("x" * 9 * MB)),
    "attribute of 11 MB": (
        "xml-too-large",
        lambda: BASE.replace('unit="EA"', f'unit="{"x" * 11 * MB}"').encode(),
    ),
    "attribute of 9 MB": (
        "xsd-invalid",
        lambda: BASE.replace('unit="EA"', f'unit="{"x" * 9 * MB}"').encode(),
    ),
    "bad day of 2 MB": (
        "xsd-invalid",
        lambda: BASE.replace("<IssueDate>", f"<IssueDate>{'x' * 2 * MB}").encode(),
    ),
    "bad number of 9 MB": (
        "xsd-invalid",
        lambda: BASE.replace("<Number>", f"<Number>{'x' * 9 * MB}").encode(),
    ),
    "100,000 nested": ("xml-too-deep", lambda: b"<a>" * 100_000 + b"</a>" * 100_000),
    "100,000 attributes": (
        "xml-too-many-names",
        lambda: b"<a %s/>" % b" ".join(b'a%d=""' % n for n in range(100_000)),
    ),
    "50,000 namespaces": (
        "xml-too-many-names",
        lambda: b"<a %s/>" % b" ".join(b'xmlns:a%d="u:%d"' % (n, n) for n in range(50_000)),
    ),
    "500,000 comments": (
        "xml-too-many-nodes",
        lambda: b"<a>%s</a>" % (b"<!---->" * 500_000),
    ),
    "400,000 elements": ("xml-unknown-root", lambda: b"<a>%s</a>" % (b"<b/>" * 400_000)),
    "2,500,000 elements": ("xml-too-many-nodes", lambda: b"<a>%s</a>" % (b"<b/>" * 2_500_000)),
    "10,000 lines": ("ok", lambda: lines(10_000)),
    "20,000 lines": ("xsd-invalid", lambda: lines(20_000)),
    "20,000 bad lines": ("xsd-invalid", lambda: lines(20_000, ruined)),
    "10,000 lines, every 33rd bad": (
        "xsd-invalid",
        lambda: lines(10_000, lambda line, n: line if n % 33 else ruined(line, n)),
    ),
    "10,000 lines of one number": (
        "xsd-invalid",
        lambda: lines(10_000, lambda line, n: line.replace(f"<LineNo>{n}<", "<LineNo>1<")),
    ),
    "10,000 lines without their tax": (
        "xsd-invalid",
        lambda: lines(10_000, lambda line, _: line.replace("<TaxRate>0", "<TaxRate>1")),
    ),
    "480,000 lines noticed twice": ("xsd-invalid", lambda: noticed(480, 1000, "1")),
    "480,000 bad lines noticed": ("xsd-invalid", lambda: noticed(1, 480_000, "!")),
    "1,900 elements with 60 attributes": (
        "xsd-invalid",
        lambda: BASE.replace("</Lines>", "</Lines>" + crowded(60) * 1900).encode(),
    ),
}


def judge(name: str) -> dict[str, object]:
    """What the document called `name` is refused with, and what that took."""
    body = CASES[name][1]()
    started = resource.getrusage(resource.RUSAGE_SELF)
    code, longest = "ok", 0
    try:
        root = parse(body)
        schemas().check(root)
        canonical(root)
    except Rejected as rejected:
        code = rejected.code
        longest = max(
            len(rejected.message),
            *(len(each.message) + len(each.expected) for each in rejected.findings),
            0,
        )
    ended = resource.getrusage(resource.RUSAGE_SELF)
    seconds = ended.ru_utime + ended.ru_stime - started.ru_utime - started.ru_stime
    megabytes = ended.ru_maxrss / 1024
    return {"name": name, "code": code, "s": seconds, "mb": megabytes, "longest": longest}


def main() -> None:
    """Judge every case in a child, so that each has its own peak of memory."""
    schemas().compile_all()
    for name in CASES:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            sys.stdout.write(json.dumps(judge(name)) + "\n")
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            sys.stdout.write(json.dumps({"name": name, "code": f"died: {status}"}) + "\n")


if __name__ == "__main__":
    main()
