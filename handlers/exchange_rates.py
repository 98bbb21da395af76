"""ExchangeRates: what currencies are worth in others from a day on, for carrying values."""

from dataclasses import dataclass, replace

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Rate,
    Reach,
    Role,
    Scope,
    WaitsFor,
    awaited,
    rate_at,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRates:
    """The rates of one day, in the order of the message."""

    rates: tuple[Rate, ...]


def read(document: Document) -> ExchangeRates:
    """Read rates; numbers keep all their digits.

    Raises:
        Rejected: `unknown-currency`, or `currency-mismatch` for a pair of one and the same.
    """
    day, sent_at = document.day("Date"), document.moment("Header/SentAt")
    return ExchangeRates(
        rates=tuple(
            Rate(
                day=day,
                base=_base(pair),
                quote=pair.currency("Quote"),
                rate=format(pair.decimal("Rate"), "f"),
                as_of=sent_at,
            )
            for pair in document.all("Pairs/Pair")
        )
    )


def _base(pair: Document) -> str:
    base = pair.currency("Base")
    if base == pair.text("Quote"):
        raise pair.refuse(
            Code.CURRENCY_MISMATCH, "Quote", f"{base} is no rate of itself", "two currencies"
        )
    return base


def scope(message: ExchangeRates, _: Context) -> Scope:
    """Ask for the rates known of that day; those who wait for one of them go on."""
    return Scope(
        rates=tuple(rate_at(each.day, each.base, each.quote) for each in message.rates),
        provides=tuple(
            (WaitsFor.RATE, awaited(each.base, each.quote, each.day)) for each in message.rates
        ),
    )


def decide(message: ExchangeRates, book: Book, context: Context) -> Decision:
    """Take over each rate unless a newer announcement of it is known.

    What was valued before keeps the rate it was valued at.
    """
    draft = Draft(book, context)
    for rate in message.rates:
        known = draft.get(Rate, rate.key)
        if known is None or known.as_of <= rate.as_of:
            draft.put(replace(rate, cause=context.cause))
    return draft.decision()


HANDLER = Handler(
    message="ExchangeRates",
    rights={Role.ERP: Reach.ANY, Role.FINANCIALS: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
