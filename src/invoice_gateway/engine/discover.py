"""Finding handlers and schemas: those shipped with the package, and a deployer's own folders."""

import sys
from collections.abc import Iterable
from importlib.resources import files
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from invoice_gateway.handler import Handler, snake_case
from invoice_gateway.model.errors import HandlerSetError

IN_CHECKOUT = {"journeys": "fixtures/journeys"}
"""Folders that have another place in the source checkout."""


def bundled(name: str) -> Path:
    """Return the folder `name` shipped in the wheel, or the one in the source checkout."""
    package = Path(str(files("invoice_gateway")))
    shipped = package / "_bundled" / name
    return shipped if shipped.is_dir() else package.parents[1] / IN_CHECKOUT.get(name, name)


def discover(folders: Iterable[Path]) -> dict[str, Handler[Any]]:
    """Return every handler in `folders`, by message type; a later folder overrides an earlier one.

    Raises:
        HandlerSetError: no module, no HANDLER in a module, or a name that does not match its file.
    """
    found: dict[str, Handler[Any]] = {}
    for folder in folders:
        modules = sorted(folder.glob("[!_]*.py"))
        if not modules:
            raise HandlerSetError(f"no handlers in {folder}")
        for path in modules:
            handler = _load(path)
            if snake_case(handler.message) != path.stem:
                raise HandlerSetError(
                    f"{path} declares message {handler.message!r}: "
                    f"name the file {snake_case(handler.message)}.py"
                )
            found[handler.message] = handler
    return found


def _load(path: Path) -> Handler[Any]:
    spec = spec_from_file_location(f"invoice_gateway_handlers.{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their own module up by name
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError) as error:
        raise HandlerSetError(f"{path} cannot be loaded: {error}") from error
    handler = getattr(module, "HANDLER", None)
    if not isinstance(handler, Handler):
        raise HandlerSetError(f"{path} has no HANDLER")
    return handler
