"""Configuration: one frozen object, read once, from flags, the environment and a TOML file.

Every setting is an environment variable with the prefix INVOICE_GATEWAY_; docs/configuration.md and
`invoice-gateway doctor` list them all. Flags win over the environment, the environment over the
file.
"""

import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "INVOICE_GATEWAY_"
FILE_VARIABLE = f"{PREFIX}CONFIG"
Seconds = Annotated[float, Field(gt=0)]


class SettingsError(Exception):
    """A setting is wrong: one line that names the variable, the value and what is allowed."""


class Settings(BaseSettings):
    """Everything a deployment can choose."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    database_url: str = Field(
        "sqlite:///invoice-gateway.db",
        description="Where state is kept: sqlite:///FILE or postgresql://user:password@host/name.",
    )
    bus_url: str = Field(
        "folder:spool",
        description="Where messages come from and events go to: folder:PATH or amqp(s)://...",
    )
    enterprise: str = Field(
        "ENTERPRISE", description="Party id of the enterprise this deployment serves."
    )
    batch_size: int = Field(200, ge=1, le=5_000, description="Messages per batch, at most.")
    partitions: int = Field(1, ge=1, le=64, description="Partitions of the incoming queue.")
    delivery_limit: int = Field(
        100, ge=1, description="Broker's crash guard: deliveries before it dead-letters a message."
    )
    prefix: str = Field("invoice-gateway", description="Prefix of exchange and queue names.")
    poll_s: Seconds = Field(0.5, description="How long to wait for a first message, in seconds.")
    tick_s: Seconds = Field(2.0, description="How often parked messages are looked at, in seconds.")
    relay_patience_s: Seconds = Field(
        10.0, description="Age at which an unconfirmed event is sent again, in seconds."
    )
    attempts_max: int = Field(
        3, ge=1, description="Attempts at a message that meets a bug, before it is set aside."
    )
    park_ttl_hours: float = Field(
        24.0, gt=0, description="How long a message waits for a missing reference, in hours."
    )
    settlement_tolerance_minor: int = Field(
        0, ge=0, description="Rest that a final payment may leave to be written off (A-11)."
    )
    enterprise_dispute_overrides_paid: bool = Field(
        default=False, description="Let an enterprise dispute win over Paid (swaps R2 and R3)."
    )
    timezone: str = Field(
        "UTC", description="Time zone of the enterprise: its days begin and end in it."
    )
    completion_trigger: Literal["invoiced", "shipped"] = Field(
        "invoiced", description="When an order is complete: all of it invoiced, or shipped (X-16)."
    )
    auto_cancel_partial: Literal["release_and_cancel", "hold"] = Field(
        "release_and_cancel",
        description="What becomes of a part-paid request that nobody paid in time (X-11).",
    )
    dispute_pauses_collection: bool = Field(
        default=True, description="Nothing is reminded of or suspended while disputed (D-08)."
    )
    past_due_ignores_disputed: bool = Field(
        default=False, description="What is disputed in full does not hold up orders (D-08)."
    )
    exposure_includes_pending_orders: bool = Field(
        default=True, description="Orders not invoiced yet count against the limit (X-18)."
    )
    recheck_in_process: bool = Field(
        default=False, description="Pull orders in process back when credit runs out (S0-32)."
    )
    declared_paid_grace_days: int = Field(
        0, ge=0, description="Days without reminders after the customer declared it paid (§3.12)."
    )
    due_from: Literal["send", "provisioning"] = Field(
        "send", description="What the due days of a proforma count from (S1-33)."
    )
    dispute_response_days: int | None = Field(
        None, ge=1, description="Days until a dispute without an answer is announced (D-09)."
    )
    reservation_minutes: int = Field(
        60, ge=1, description="How long money is reserved while provisioning has not answered."
    )
    period_lock_date: date | None = Field(
        None, description="Nothing takes effect on this day or before it: closed books (P-06)."
    )
    xml_max_bytes: int = Field(10 * 1024 * 1024, ge=1_000, description="Largest message, in bytes.")
    xml_max_depth: int = Field(64, ge=8, le=250, description="Deepest nesting of a message.")
    xml_max_nodes: int = Field(500_000, ge=100, description="Most elements in a message.")
    xml_max_names: int = Field(64, ge=16, description="Most attributes of one element.")
    trust_header_sender: bool = Field(
        default=False,
        description="Development only: believe the Sender in the document without user_id.",
    )
    one_core: bool = Field(
        default=True,
        description="Keep a worker on one core at a time; it moves when others need that core.",
    )
    handlers: Path | None = Field(None, description="Folder with a deployer's own handlers.")
    schemas: Path | None = Field(None, description="Folder with the schemas they need.")
    metrics_port: int | None = Field(
        None, ge=0, le=65_535, description="Port for Prometheus metrics; none: no metrics."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="Log lines as JSON or for people; auto: people on a terminal."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least serious log line to write."
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("use a name of the IANA time zone database, such as Europe/Paris")
        return name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the file named by INVOICE_GATEWAY_CONFIG."""
        file = os.environ.get(FILE_VARIABLE)
        if not file:
            return init_settings, env_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(file))


def load(**flags: object) -> Settings:
    """Return the settings; flags that are None are not given.

    Raises:
        SettingsError: naming the first wrong variable, its value and what is allowed.
    """
    file = os.environ.get(FILE_VARIABLE)
    if file and not Path(file).is_file():
        raise SettingsError(f"{FILE_VARIABLE}={file}: no such file; unset it or name a TOML file")
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        variable = f"{PREFIX}{name.upper()}"
        raise SettingsError(f"{variable}={first['input']!r}: {first['msg']}") from None
    except ValueError as error:
        raise SettingsError(f"{FILE_VARIABLE}={file}: {error}") from None


def masked(url: str) -> str:
    """Return `url` with its password hidden, also where a slip of the pen made it no URL.

    Example:
        >>> masked("amqp://erp:secret@mq:5672/"), masked("postgres:/erp:se/cret@db/gateway")
        ('amqp://erp:***@mq:5672/', 'postgres:/erp:***@db/gateway')
        >>> masked("postgresql://db/gateway?user=erp&password=secret")
        'postgresql://db/gateway?user=erp&password=***'
    """
    url = re.sub(r"(?i)(password=)[^&]*", r"\1***", url)
    scheme, _, rest = url.partition(":")
    path = rest.lstrip("/")
    credentials, _, place = path.rpartition("@")
    user, colon, _ = credentials.partition(":")
    if not colon:
        return url
    return f"{scheme}:{rest[: len(rest) - len(path)]}{user}:***@{place}"
