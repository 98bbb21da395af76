"""New versions of immutable values: what `dataclasses.replace` does, several times as fast.

Every step of a rule makes a new version of a frozen entity of twenty fields, most of them as they
were. `replace` looks each up by name and passes it through `__init__`; here the fields of a class
are read once and become the source of a function that copies them slot by slot:

    def copy(value):
        made = new(kind)
        put_key(made, value.key)
        put_version(made, value.version)
        return made
"""

from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["evolve"]

if TYPE_CHECKING:
    from dataclasses import replace as evolve  # names and types of the changes are checked as ever
else:
    from collections.abc import Callable
    from dataclasses import fields
    from functools import cache

    T = TypeVar("T")

    def evolve(value: T, /, **changes: Any) -> T:  # noqa: ANN401
        """Return a copy of `value`, a dataclass with slots, with `changes` to it.

        Raises:
            KeyError: there is no such field.
        """
        copy, put = _copier(type(value))
        made = copy(value)
        for name, changed in changes.items():
            put[name](made, changed)
        return made

    @cache
    def _copier(kind: type[T]) -> tuple[Callable[[T], T], dict[str, Callable[[T, Any], None]]]:
        """Return the function that copies a value of this class, and what sets each field."""
        put = {each.name: getattr(kind, each.name).__set__ for each in fields(kind)}
        body = "".join(f"    put_{name}(made, value.{name})\n" for name in put)
        source = f"def copy(value):\n    made = new(kind)\n{body}    return made\n"
        names = {"kind": kind, "new": kind.__new__} | {f"put_{name}": put[name] for name in put}
        exec(compile(source, f"<copy of {kind.__name__}>", "exec"), names)  # noqa: S102 - ours
        return names["copy"], put
