"""`RESULTS.md`, put together from whatever sections have run, and the plots beside it."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import results
from benchmarks.harness.places import PLOTS, ROOT
from benchmarks.report import tables
from benchmarks.report.bar import SECTIONS, Found

PAGE = ROOT / "benchmarks" / "RESULTS.md"
HEAD = """# Results of the benchmark

Written by `make bench`; do not edit. Medians of interleaved rounds; ratios are medians of ratios
within a round. Every run is verified: records, invoices, lines, events in the bound queue, an empty
incoming queue and an empty outbox. A run during which others used more than a tenth of the machine
is discarded and repeated. Everybody gets the same bytes (ten-line invoices of about 3.5 KB unless
said otherwise) and the same durable services; workers are connected and frozen while the queue is
filled, then let go. Peers store, publish, confirm and acknowledge, and know no rules beyond the
schema; the gateway does its whole work.
"""


def read() -> Found:
    """Return every section."""
    return {name: results.read(name) for name in SECTIONS}


def write(page: Path = PAGE, folder: Path = PLOTS) -> None:
    """Write the page and draw the plots for which there are results."""
    from benchmarks.report import plots  # noqa: PLC0415 - needs what `make bench` installs

    found = read()
    drawn = plots.draw(found, folder)
    page.write_text("\n".join(_parts(found, drawn)), encoding="utf-8")


def _parts(found: Found, drawn: list[Path]) -> Iterator[str]:
    yield HEAD
    yield tables.bar(found).markdown()
    if found["throughput"].measured:
        yield tables.side_by_side(found["throughput"]).markdown()
    if found["quick"].measured:
        title = "The short form (`make bench QUICK=1`)"
        yield tables.side_by_side(found["quick"], title).markdown()
    if found["growth"].measured:
        yield tables.growth(found["growth"]).markdown()
    if found["latency"].figures:
        yield tables.latency(found["latency"]).markdown()
    yield from _backlog(found)
    for path in drawn:
        place = Path("..") / path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        yield f"![{path.stem}]({place.as_posix()})\n"
    yield from _made_on(found)


def _backlog(found: Found) -> Iterator[str]:
    figures = found["backlog"].figures
    if curve := figures.get("curve"):
        seconds, most = curve[-1][0], max(size for _, _, size, _ in curve)
        clean = "; ".join(figures.get("faults", [])) or "verified"
        yield (
            f"A backlog of {curve[0][1]:,} messages and more was worked off in {seconds:,.0f} s by "
            f"one worker, which took {most:.0f} MiB at most ({clean}).\n"
        )


def _made_on(found: Found) -> Iterator[str]:
    yield "### Made on\n"
    rows = []
    for name, section in found.items():
        if section.about:
            about = section.about
            rows.append((name, f"`{about['commit']}`", about["date"]))
    yield tables.Table("Sections", ("section", "commit", "date"), tuple(rows)).markdown()
    latest = max(
        (each.about for each in found.values() if each.about),
        key=lambda about: about["date"],
        default=None,
    )
    if latest:
        facts = {**latest["machine"], **latest["settings"]}
        cells = tuple((name, value) for name, value in facts.items())
        yield tables.Table("Machine, versions, settings", ("what", "value"), cells).markdown()
