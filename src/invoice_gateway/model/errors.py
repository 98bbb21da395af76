"""Every way the gateway says no, and the stable codes it says it with.

GatewayError
+-- Rejected          the sender can get this wrong: a normal outcome with a code
|   +-- Parked        a reference is not there yet: wait for it, then judge again
+-- IllegalMove       a status table has no row for a move (rules turn it into Rejected)
+-- HandlerSetError   the deployer's handlers or schemas do not fit together
"""

from dataclasses import dataclass
from enum import StrEnum

from .event import Event


class Code(StrEnum):
    """Rejection codes (DOMAIN §4.4, refined for XML); once shipped they never change."""

    XML_MALFORMED = "xml-malformed"
    XML_DTD_FORBIDDEN = "xml-dtd-forbidden"
    XML_ENCODING_UNSUPPORTED = "xml-encoding-unsupported"
    XML_VERSION_UNSUPPORTED = "xml-version-unsupported"
    XML_TOO_LARGE = "xml-too-large"
    XML_TOO_DEEP = "xml-too-deep"
    XML_TOO_MANY_NODES = "xml-too-many-nodes"
    XML_TOO_MANY_NAMES = "xml-too-many-names"
    XML_UNKNOWN_ROOT = "xml-unknown-root"
    UNKNOWN_VERSION = "unknown-version"
    XSD_INVALID = "xsd-invalid"
    TOTALS_MISMATCH = "totals-mismatch"
    DECIMALS = "decimals"
    UNKNOWN_CURRENCY = "unknown-currency"
    CURRENCY_MISMATCH = "currency-mismatch"
    DATE_RANGE = "date-range"
    SENDER_MISMATCH = "sender-mismatch"
    ENVELOPE_MISMATCH = "envelope-mismatch"
    FORBIDDEN = "forbidden"
    IDEMPOTENCY_CONFLICT = "idempotency-conflict"
    INVOICE_IMMUTABLE = "invoice-immutable"
    NUMBER_TAKEN = "number-taken"
    BAD_TRANSITION = "bad-transition"
    AMOUNT_NOT_POSITIVE = "amount-not-positive"
    AMOUNT_TOO_LARGE = "amount-too-large"
    EXCEEDS_PENDING = "exceeds-pending"
    EXCEEDS_LINE = "exceeds-line"
    EXCEEDS_SOURCE = "exceeds-source"
    EXCEEDS_CREDITABLE = "exceeds-creditable"
    FUNDS_SPENT = "funds-spent"
    PARTS_MISMATCH = "parts-mismatch"
    NOTHING_ALLOCATED = "nothing-allocated"
    ALREADY_REVERSED = "already-reversed"
    DISPUTE_ALREADY_OPEN = "dispute-already-open"
    DISPUTE_NOT_OPEN = "dispute-not-open"
    DISPUTE_AMOUNT = "dispute-amount"
    TEXT_REQUIRED = "text-required"
    UNKNOWN_LINE = "unknown-line"
    UNKNOWN_INVOICE = "unknown-invoice"
    UNKNOWN_PARTY = "unknown-party"
    UNKNOWN_DISPUTE = "unknown-dispute"
    UNKNOWN_PAYMENT = "unknown-payment"
    UNKNOWN_SOURCE = "unknown-source"
    UNKNOWN_MEMO = "unknown-memo"
    UNKNOWN_ORDER = "unknown-order"
    UNKNOWN_REQUEST = "unknown-request"
    UNKNOWN_RATE = "unknown-rate"
    REQUEST_EXECUTING = "request-executing"
    NOT_VOIDABLE_ALLOCATED = "not-voidable-allocated"
    NOT_VOIDABLE_ISSUED = "not-voidable-issued"
    NOT_CANCELLABLE_PAID = "not-cancellable-paid"
    ALREADY_EXECUTED = "already-executed"
    EXECUTE_NOT_CUSTOMER = "execute-not-customer"
    TERMS_NOT_APPROVED = "terms-not-approved"
    SERIALS_MISSING = "serials-missing"
    SERIAL_TAKEN = "serial-taken"
    OVER_FULFILMENT = "over-fulfilment"
    NO_CREDIT_FOR_PROVISION = "no-credit-for-provision"
    NOT_PROVISIONABLE = "not-provisionable"
    BELOW_SETTLED = "below-settled"
    PERIOD_LOCKED = "period-locked"
    REPORT_TOO_LARGE = "report-too-large"
    CANCEL_DAYS_RANGE = "cancel-days-range"
    INTERNAL_ERROR = "internal-error"
    DELIVERY_LIMIT = "delivery-limit"
    UNROUTABLE = "unroutable"
    DEAD_LETTERED = "dead-lettered"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a document: where it stands, what is wrong, what was expected."""

    line: int | None
    path: str
    message: str
    expected: str = ""


class GatewayError(Exception):
    """Root of everything the gateway raises on purpose."""


class Rejected(GatewayError):
    """The message is refused: a stable code, a sentence, and where in the document.

    `event` is what the world is told beside the sender's report. `details` carry the values at
    fault for logs and reports; never bodies, names or account numbers.
    """

    def __init__(
        self,
        code: str,
        message: str,
        findings: tuple[Finding, ...] = (),
        event: Event | None = None,
        **details: object,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = str(code)
        self.message = message
        self.findings = findings
        self.event = event
        self.details = details


class Parked(Rejected):
    """A reference is not there yet; `waits_for` is the (kind, key) that releases the message.

    When nobody waits any longer (the deadline), it is rejected with this very code.
    """

    def __init__(self, code: str, message: str, waits_for: tuple[str, str]) -> None:
        super().__init__(code, message)
        self.waits_for = waits_for


class IllegalMove(GatewayError):
    """A status table has no row for this move; nothing was changed."""


class HandlerSetError(GatewayError):
    """Handlers, schemas or their names do not fit together."""
