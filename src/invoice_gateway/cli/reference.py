"""The page about settings, written from the settings themselves: docs/configuration.md."""

from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from invoice_gateway.settings import FILE_VARIABLE, PREFIX, Settings

FLAGS = {
    "database_url",
    "bus_url",
    "enterprise",
    "prefix",
    "handlers",
    "schemas",
    "log_format",
    "log_level",
}
"""Settings that every verb takes as a flag, too."""

SOME_VERBS = {"metrics_port": "`--metrics-port` (`run`, `worker`)"}

HEAD = f"""\
# Configuration

<!-- Written by `python -m invoice_gateway.cli.reference > docs/configuration.md`; do not edit. -->

Every setting is an environment variable that begins with `{PREFIX}`. A flag wins over the
environment, the environment over the file. The file is TOML with the settings' names in lower
case and without the prefix; name it with `{FILE_VARIABLE}` or `--config`:

```toml
database_url = "postgresql://gateway@db.example/invoices"
bus_url = "amqp://gateway@mq.example/"
batch_size = 100
```

A name that is no setting is refused in the file; in the environment `invoice-gateway doctor`
finds it. `doctor` prints all values in force, without passwords.

| Variable | Flag | Default | Allowed | Meaning |
|---|---|---|---|---|
"""

LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def page() -> str:
    """Return docs/configuration.md."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    file = f"| `{FILE_VARIABLE}` | `--config` | none | a path | TOML file with settings. |"
    return HEAD + "\n".join([*rows, file]) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    flag = f"`--{name.replace('_', '-')}`" if name in FLAGS else SOME_VERBS.get(name, "")
    default = "none" if field.default is None else f"`{_shown(field.default)}`"
    cells = [f"`{PREFIX}{name.upper()}`", flag, default, _allowed(field), field.description or ""]
    return f"| {' | '.join(cells)} |"


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _allowed(field: FieldInfo) -> str:
    kind: Any = field.annotation
    if get_origin(kind) is Literal:
        return ", ".join(f"`{each}`" for each in get_args(kind))
    if kind is bool:
        return "`true`, `false`"
    found = {
        name: value
        for each in field.metadata
        for name in LIMITS
        if (value := getattr(each, name, None)) is not None
    }
    return ", ".join(f"{LIMITS[name]} {value:,}" for name, value in found.items())


if __name__ == "__main__":
    print(page(), end="")
