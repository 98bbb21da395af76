"""What the credit check costs an account with a long history: batches of orders on terms, timed."""

import tempfile
import time
from statistics import median

from benchmarks.generator import ERP, party
from benchmarks.harness.places import say
from benchmarks.history import History, filled
from benchmarks.sections.context import Context
from invoice_gateway.app import assemble
from invoice_gateway.engine.ports import Delivery
from invoice_gateway.settings import load

BATCH = 50
BATCHES = 8
WARM = 2
HISTORIES = {
    "10 open": History(open=10),
    "1,000 open, 100,000 settled": History(open=1_000, settled=100_000),
}
ORDER = """<OrderPlaced xmlns="urn:invoice-gateway:1"><Header><MessageId>{id}</MessageId>\
<Sender>{sender}</Sender><SentAt>2026-11-20T09:30:00Z</SentAt><SchemaVersion>1</SchemaVersion>\
</Header><OrderReference>{id}</OrderReference><Customer>{customer}</Customer>\
<Payment><Method>terms</Method></Payment><Currency>EUR</Currency><Lines><Line><LineNo>1</LineNo>\
<Category>hardware</Category><Description>Telephone</Description><Quantity>10</Quantity>\
<UnitPrice>10</UnitPrice><NetAmount>100.00</NetAmount><TaxCategory>Z</TaxCategory>\
<TaxRate>0</TaxRate><TaxAmount>0.00</TaxAmount></Line></Lines><Total>100.00</Total></OrderPlaced>"""


def measure(context: Context) -> None:
    """Time batches of orders of one account, for each history in turn."""
    found = {}
    for name, history in HISTORIES.items():
        scaled = History(open=history.open, settled=context.count(history.settled))
        with filled(context.bench, scaled) as database_url:
            found[name] = _batch_ms(database_url)
        say(f"  {name}: {found[name]:.1f} ms per batch of {BATCH} orders on terms")
        context.log.figure(name, round(found[name], 1))
    short, long = found.values()
    say(f"  {long / short:.2f} times as much")
    context.log.figure("ratio", round(long / short, 2))


def _batch_ms(database_url: str) -> float:
    """Return the median time of a batch, in milliseconds."""
    took = []
    with tempfile.TemporaryDirectory() as folder:
        app = assemble(load(database_url=database_url, bus_url=f"folder:{folder}"))
        with app.store() as store:
            pipeline = app.pipeline(store)
            for batch in range(WARM + BATCHES):
                deliveries = [_delivery(f"order-{batch}-{at}") for at in range(BATCH)]
                begun = time.perf_counter()
                done = pipeline.process(deliveries)
                took.append(1_000 * (time.perf_counter() - begun))
                if any(each.outcome != "accepted" for each in done.verdicts):
                    raise RuntimeError(f"{done.verdicts[0]} was not what was asked")
    return median(took[WARM:])


def _delivery(order: str) -> Delivery:
    body = ORDER.format(id=order, sender=ERP, customer=party(0)).encode()
    return Delivery(body=body, sender=ERP, message_id=order, type=None, content_type=None)
