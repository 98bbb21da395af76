"""Parsing and validating: the gateway's way beside bare `fromstring` and `validate`."""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from lxml import etree

from benchmarks.generator import documents
from benchmarks.harness.places import ROOT, say
from benchmarks.sections.context import Context
from invoice_gateway.xml.safe import Limits, parse
from invoice_gateway.xml.schemas import Schemas

SIZES = {10: 2_000, 100: 300, 1_000: 30}
"""Lines, and how often in a round."""
ROUNDS = 7
SCHEMAS = ROOT / "schemas"


def measure(context: Context) -> None:
    """Log µs per document, the best of interleaved rounds, for both ways."""
    schemas, limits = Schemas(SCHEMAS), _limits()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    schema = etree.XMLSchema(file=str(Path(SCHEMAS, "invoice_posted.xsd")))

    def ours(body: bytes) -> None:
        schemas.check(parse(body, limits))

    def bare(body: bytes) -> None:
        schema.validate(etree.fromstring(body, parser))

    for lines, times in SIZES.items():
        body, _ = documents.invoice(1, lines, "C00000", "erp", Random(1))
        often = max(int(times * context.scale), 3)
        found = _best({"ours": ours, "bare": bare}, body, often)
        ratio = found["ours"] / found["bare"]
        say(f"  {lines} lines: {found['ours']:.1f} µs, bare {found['bare']:.1f} µs, {ratio:.2f} x")
        context.log.figure(f"lines {lines}", {**found, "ratio": round(ratio, 3)})


def _limits() -> Limits:
    return Limits(max_bytes=10_485_760, max_depth=64, max_nodes=500_000, max_names=64)


def _best(ways: dict[str, Callable[[bytes], None]], body: bytes, times: int) -> dict[str, float]:
    """Return the least µs of processor time per document of each way."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            begun = time.process_time()
            for _ in range(times):
                way(body)
            spent = (time.process_time() - begun) / times * 1e6
            best[name] = min(best[name], round(spent, 2))
    return best
