"""From bytes to a typed message: parse, validate, read the header, check who sent it. No I/O."""

import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar

from invoice_gateway.engine.ports import Delivery
from invoice_gateway.handler import Handler
from invoice_gateway.model.errors import Code, Rejected
from invoice_gateway.xml.document import Document, Peeked, canonical, peek
from invoice_gateway.xml.forms import Forms, Known
from invoice_gateway.xml.place import local_name
from invoice_gateway.xml.safe import Limits, parse
from invoice_gateway.xml.schemas import Schemas
from invoice_gateway.xml.text import clip

T = TypeVar("T")

PORTION = 32
"""So many messages are taken step by step together."""
PACE = 4
"""So many messages take a step before somebody else may compute; it must not wait for long."""
PORTION_BYTES = 512 * 1024
"""Not more of them together: a tree takes several times its bytes."""


def nothing() -> None:
    """Do nothing between two steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a message says about itself (DOMAIN §4.1); times in UTC."""

    message_id: str
    sender: str
    sent_at: datetime
    correlation_id: str | None
    effective_date: date | None
    acting_for: str | None


@dataclass(slots=True, kw_only=True)
class Incoming:
    """A delivery as far as it could be understood; `refusal` says why not further.

    `sender`, `message_id` and `type` are the best that is known, also of a message
    that is refused. `hash` covers the whole message, `content_hash` leaves out its Header; of one
    that is not valid, `hash` is that of its bytes.
    """

    delivery: Delivery
    sender: str
    message_id: str
    type: str
    hash: str = ""
    content_hash: str = ""
    header: Header | None = None
    handler: Handler[Any] | None = None
    message: object = None
    said: Callable[[], Peeked] | None = None
    refusal: Rejected | None = None
    bug: str | None = None

    @property
    def business_keys(self) -> tuple[str, ...]:
        """Return what names the business in it, as far as it could be parsed: `Number=INV-7`."""
        return self.said().business_keys if self.said else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Understands deliveries. `trust_header` waives the bus's word for the sender (development).

    Several are taken step by step, all through one step before any takes the next: code and data
    that stay in the processor's caches make a message a fifth cheaper.
    """

    handlers: Mapping[str, Handler[Any]]
    schemas: Schemas
    forms: Forms
    limits: Limits
    enterprise: str
    trust_header: bool = False

    def understand(self, delivery: Delivery) -> Incoming:
        """Return what the delivery says; never raises `Rejected`, never does I/O."""
        [incoming] = self.understand_all([delivery])
        return incoming

    def understand_all(
        self, deliveries: Sequence[Delivery], between: Callable[[], None] = nothing
    ) -> list[Incoming]:
        """Return what each delivery says, in order; calls `between` from time to time."""
        understood = []
        for portion in portions(deliveries, PORTION, PORTION_BYTES):
            understood += [_unread(delivery) for delivery in portion]
            going = [(each, self._steps(each)) for each in understood[-len(portion) :]]
            while going:
                going = [each for each in _paced(going, between) if _goes_on(*each)]
        return understood

    def _steps(self, incoming: Incoming) -> Generator[None]:
        """Understand step by step, so that a refusal keeps what was understood before it.

        The tree does not outlive this: memory that stays warm makes the next one cheaper.
        """
        delivery = incoming.delivery
        known = self.forms.read(delivery.body)
        yield
        if known is None:
            known = yield from self._examined(incoming)
        document, incoming.hash, incoming.content_hash = known
        incoming.said = partial(_peeked, delivery.body, self.limits)
        incoming.type = document.name
        header = _header(document)
        incoming.message_id = header.message_id
        self._check_envelope(delivery, header, incoming.type)
        incoming.header, incoming.sender = header, header.sender
        handler = self.handlers.get(incoming.type)
        if handler is None:
            raise Rejected(Code.XML_UNKNOWN_ROOT, f"no handler for {incoming.type}")
        incoming.handler = handler
        yield
        incoming.message = handler.read(document)

    def _examined(self, incoming: Incoming) -> Generator[None, None, Known]:
        """Return a document after parser and schema have judged it."""
        body = incoming.delivery.body
        root = parse(body, self.limits)
        incoming.said = partial(_peeked, body, self.limits)
        incoming.type = clip(local_name(str(root.tag)))
        yield
        document = Document(root, self.enterprise)
        yield
        try:
            self.schemas.check(root, document.rows)
        except Rejected:
            self._name_invalid(incoming, peek(root))
            raise
        yield
        known = Known(document, *canonical(root, document.whole.written))
        self.forms.learn(root, document, body)
        yield
        return known

    def _name_invalid(self, incoming: Incoming, said: Peeked) -> None:
        """Take what names an invalid document from wherever it can be found."""
        incoming.message_id = said.message_id or incoming.message_id
        if self.trust_header and not incoming.sender:
            incoming.sender = said.sender or ""

    def _check_envelope(self, delivery: Delivery, header: Header, name: str) -> None:
        """Refuse a message whose header and bus properties tell different stories (DOMAIN §4.1).

        Raises:
            Rejected: `sender-mismatch` or `envelope-mismatch`.
        """
        if delivery.sender is None and not self.trust_header:
            raise Rejected(
                Code.SENDER_MISMATCH,
                "the bus vouches for no sender: set the AMQP property user_id to the user you "
                f"connect as (the document says {header.sender!r})",
            )
        if delivery.sender not in (None, header.sender):
            raise Rejected(
                Code.SENDER_MISMATCH,
                f"the document says Sender {header.sender!r}, the bus says {delivery.sender!r}",
            )
        if delivery.message_id not in (None, header.message_id):
            raise Rejected(
                Code.ENVELOPE_MISMATCH,
                f"the document says MessageId {header.message_id!r}, "
                f"the AMQP property message_id is {delivery.message_id!r}",
            )
        if delivery.type not in (None, "", name):
            raise Rejected(
                Code.ENVELOPE_MISMATCH,
                f"the document is a {name}, the AMQP property type is {delivery.type!r}",
            )


def portions(
    deliveries: Sequence[Delivery], most: int, most_bytes: int
) -> Iterator[Sequence[Delivery]]:
    """Yield consecutive deliveries: `most` at a time, and of `most_bytes` together or just one."""
    start, size = 0, 0
    for at, delivery in enumerate(deliveries):
        size += len(delivery.body)
        if at > start and (size > most_bytes or at - start == most):
            yield deliveries[start:at]
            start, size = at, len(delivery.body)
    if start < len(deliveries):
        yield deliveries[start:]


def _paced(going: Iterable[T], between: Callable[[], None]) -> Iterator[T]:
    """Yield each, and call `between` before every `PACE`-th."""
    for at, each in enumerate(going):
        if not at % PACE:
            between()
        yield each


def _unread(delivery: Delivery) -> Incoming:
    return Incoming(
        delivery=delivery,
        sender=delivery.sender or "",
        message_id=delivery.message_id or "",
        type=delivery.type or "",
    )


def _goes_on(incoming: Incoming, steps: Iterator[None]) -> bool:
    """Take the next step of a message; return whether there may be another."""
    try:
        next(steps)
    except StopIteration:
        pass
    except Rejected as refusal:
        incoming.refusal = refusal
    except Exception as error:  # noqa: BLE001 - a bug in a handler must not stop its neighbours
        incoming.bug = fingerprint_of(error)
    else:
        return True
    if not (incoming.hash and incoming.message_id):  # it has no canonical form, or no name
        raw = sha256(incoming.delivery.body).hexdigest()
        incoming.hash = incoming.hash or raw
        incoming.message_id = incoming.message_id or f"sha256:{raw[:40]}"
    return False


def _header(document: Document) -> Header:
    said = document.one("Header")
    assert said is not None
    return Header(
        message_id=said.text("MessageId"),
        sender=said.text("Sender"),
        sent_at=said.moment("SentAt"),
        correlation_id=said.maybe("CorrelationId"),
        effective_date=said.maybe_day("EffectiveDate"),
        acting_for=said.maybe("ActingFor"),
    )


def _peeked(body: bytes, limits: Limits) -> Peeked:
    """Return what a document says about itself, which was parsed before."""
    return peek(parse(body, limits))


def fingerprint_of(error: BaseException) -> str:
    """Return a short stable name of where an unexpected exception came from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = "/".join(f"{frame.name}:{frame.lineno}" for frame in frames[-3:])
    return f"{type(error).__name__}@{place}"
