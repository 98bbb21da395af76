"""Where the broker is, without its password, and why it could not be reached, in words."""

from urllib.parse import urlsplit

import pika  # type: ignore[import-untyped]
from pika import exceptions

from invoice_gateway.bus._pika import Pika, hush
from invoice_gateway.engine.ports import BusUnavailable

# A dead peer is noticed after about 3.6 heartbeats; RabbitMQ's own 60 s would make that minutes.
HEARTBEAT_S = 10
TIMEOUT_S = 10

_SCHEMES = {"amqp", "amqps"}


def parameters(url: str, name: str) -> Pika:
    """Return pika's connection parameters for `url`, shown to the broker's operator as `name`.

    Query options of the address (`heartbeat`, `ssl_options`, ...) win over the defaults here.

    Raises:
        BusUnavailable: `url` is not an AMQP address. It is not repeated, it may hold a password.
    """
    try:
        if urlsplit(url).scheme not in _SCHEMES:
            raise ValueError  # noqa: TRY301 - joins what the parser raises
        found = pika.URLParameters(url)
    except (ValueError, TypeError):
        raise BusUnavailable(
            "the broker's address is not of the form amqp://user:password@host:port/vhost"
            " (write special characters in user, password or vhost as %XX, e.g. / as %2F)"
        ) from None
    hush()
    options = urlsplit(url).query
    if "heartbeat" not in options:
        found.heartbeat = HEARTBEAT_S
    if "socket_timeout" not in options:
        found.socket_timeout = TIMEOUT_S
    if "stack_timeout" not in options:
        found.stack_timeout = TIMEOUT_S
    found.connection_attempts = 1  # trying again is ours: with backoff and jitter
    found.blocked_connection_timeout = None  # being blocked is a state, not a failure
    found.client_properties = {"connection_name": f"invoice-gateway {name}"}
    return found


def place(found: Pika) -> str:
    """Return `host:port`, nothing secret in it."""
    return f"{found.host}:{found.port}"


def cause(error: BaseException | None) -> str:
    """Return in a few words why a connection or channel failed, never more than 300 characters."""
    return _words(_innermost(error)).replace("\n", " ")[:300]


def _innermost(error: BaseException | None) -> BaseException | None:
    """Return what pika's wrappers, one per phase and attempt, are about."""
    while True:
        several = (*getattr(error, "args", ()), *getattr(error, "exceptions", ()))
        nested = (*several, getattr(error, "exception", None))
        inner = [each for each in nested if isinstance(each, BaseException)]
        if not inner:
            return error
        error = inner[-1]


def _words(error: BaseException | None) -> str:
    if error is None:
        return "closed"
    if isinstance(error, _BY_BROKER):
        return f"{error.reply_code} {error.reply_text}"
    shown = f"{type(error).__name__} {error}"  # some wrappers keep but the name of what they wrap
    for sign, words in _SIGNS.items():
        if sign in shown:
            return words
    return str(error) or type(error).__name__


_BY_BROKER = (exceptions.ConnectionClosedByBroker, exceptions.ChannelClosedByBroker)

# Most telling first.
_SIGNS = {
    "ProbableAuthenticationError": "the broker refused user name or password",
    "ProbableAccessDeniedError": "the user may not use this vhost, or it does not exist",
    "ProtocolMismatch": "what listens there does not speak AMQP",
    "IncompatibleProtocol": "what listens there does not speak AMQP",
    "HeartbeatTimeout": "no heartbeat from the broker",
    "ConnectionRefusedError": "connection refused, nothing listens there",
    "ConnectionResetError": "connection reset by the other side",
    "gaierror": "the host name is not known",
    "CertificateVerif": "the broker's TLS certificate is not trusted",
    "SSLCertVerification": "the broker's TLS certificate is not trusted",
    "SSLError": "TLS failed; does the broker speak TLS on this port?",
    "Timeout": "no answer in time",
}
