"""How cost grows: with the batch, with lines, with the database, with the history of an account."""

from contextlib import ExitStack

from benchmarks.generator import Mix, party
from benchmarks.harness.places import say
from benchmarks.harness.rounds import Entry
from benchmarks.harness.subjects import Product
from benchmarks.history import History, filled
from benchmarks.sections.context import Context, faststream

BATCHES = {1: 800, 10: 4_000, 100: 10_000, 500: 10_000}
LINES = {10: (10_000, 1_000), 100: (2_000, 400), 1_000: (200, 100)}
"""Lines per invoice, and how many messages of that the gateway and FastStream get."""
INVOICES_STORED = (0, 100_000, 1_000_000)
HISTORIES = {10: 10, 1_000: 1_000, 100_000: 1_000}
"""Settled invoices of one account, and its open ones."""
ACCOUNTS = 500
MESSAGES = 10_000
ONE_ACCOUNT = Mix(invoices=50, payments=50)
ONE_ACCOUNT_MESSAGES = 3_000
NEAR = 20
"""Invoices of the one account are paid soon and in full, so that those open stay as many."""


def measure(context: Context) -> None:
    """Measure all four."""
    batch_sizes(context)
    lines(context)
    database(context)
    account(context)


def batch_sizes(context: Context) -> None:
    """Measure with other batch sizes."""
    entries = [
        Entry(
            key=f"batch {size}",
            subject=Product(settings={"BATCH_SIZE": str(size)}),
            load=context.load(count),
        )
        for size, count in BATCHES.items()
    ]
    context.rounds(entries, minutes=2.5, most=2, least=1)


def lines(context: Context) -> None:
    """Measure larger invoices, beside FastStream."""
    entries = []
    for number, (ours, theirs) in LINES.items():
        for name, subject, count in (
            ("product", Product(), ours),
            ("faststream", faststream(), theirs),
        ):
            load = context.load(count, lines=number)
            entries.append(Entry(key=f"{name} lines {number}", subject=subject, load=load))
    context.rounds(entries, minutes=6.0)


def database(context: Context) -> None:
    """Measure with invoices in the database already."""
    with ExitStack() as kept:
        entries = []
        for stored in INVOICES_STORED:
            wanted = int(stored * context.scale)
            say(f"  storing {wanted:,} invoices")
            history = History(open=wanted, accounts=ACCOUNTS)
            entries.append(
                Entry(
                    key=f"stored {stored}",
                    subject=Product(furnished=True),
                    load=context.load(MESSAGES, accounts=ACCOUNTS),
                    database_url=kept.enter_context(filled(context.bench, history)),
                )
            )
        context.rounds(entries, minutes=5.0)


def account(context: Context) -> None:
    """Measure messages for one account with a long history."""
    with ExitStack() as kept:
        entries = []
        for settled, opened in HISTORIES.items():
            say(f"  storing {settled:,} settled and {opened:,} open invoices of one account")
            history = History(
                settled=int(settled * context.scale), open=int(opened * context.scale)
            )
            entries.append(
                Entry(
                    key=f"history {settled}",
                    subject=Product(furnished=True),
                    load=context.load(
                        ONE_ACCOUNT_MESSAGES,
                        accounts=1,
                        only=party(0),
                        mix=ONE_ACCOUNT,
                        distance=NEAR,
                        in_full=True,
                    ),
                    database_url=kept.enter_context(filled(context.bench, history)),
                )
            )
        context.rounds(entries, minutes=4.0)
