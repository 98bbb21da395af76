"""New versions of immutable values, several times as fast as `dataclasses.replace` makes them.

A frozen dataclass passes every field by name through `object.__setattr__`, and `replace` looks each
up before. Every step of a rule makes a new version of an entity of twenty fields. So the fields of
a class are read once and become the source of functions that fill a twin of the class which is not
frozen (`blank`), and freeze the value by giving it its class:

    def copy(value, changes):
        made = new(blank)
        made.key = value.key
        made.version = value.version
        ...
        made.__class__ = kind
        return made
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

__all__ = ["changer", "evolve", "tabled"]

N = TypeVar("N", bound=NamedTuple)
T = TypeVar("T")


def changer(kind: type[N], name: str) -> Callable[[N, Any], N]:
    """Return the function of a named tuple and a value that changes its field `name` to that.

    It is made once, at import, for a loop over hundreds, and does what `_replace` does.

    Raises:
        ValueError: there is no such field.
    """
    at = kind._fields.index(name)
    old = [f"_{each}" for each in kind._fields]
    new = [*old[:at], "changed", *old[at + 1 :]]
    body = f"    {', '.join(old)}, = value\n    return new(kind, ({', '.join(new)},))\n"
    names = {"kind": kind, "new": tuple.__new__}
    change: Callable[[N, Any], N] = _compiled("change(value, changed)", body, kind, names)
    return change


def tabled(kind: type[N], first: Collection[Any], *columns: Iterable[Any]) -> Iterator[N]:
    """Return a `kind` for each row of the columns, in order; a few times as fast as calling it.

    The columns are its fields, in order, and all as long as the `first`; the fields
    without a column have their defaults.

    Raises:
        KeyError: a field without a column has no default.
    """
    defaults = map(repeat, _defaults(kind, 1 + len(columns)), repeat(len(first)))
    rows = zip(first, *columns, *defaults, strict=True)
    return map(tuple.__new__, repeat(kind), rows)


@cache
def _defaults(kind: type[Any], given: int) -> tuple[Any, ...]:
    """Return what the fields after the first `given` are where nobody says otherwise.

    Raises:
        KeyError: a field has no default.
    """
    return tuple(kind._field_defaults[name] for name in kind._fields[given:])


def _compiled(head: str, body: str, kind: type, names: dict[str, Any]) -> Any:  # noqa: ANN401
    """Return the function of this source; only names of classes and fields go into it."""
    # exec and Any: the source is ours, made of field names at import; what it returns has no type.
    name = head.partition("(")[0]
    exec(compile(f"def {head}:\n{body}", f"<{name} of {kind.__name__}>", "exec"), names)  # noqa: S102
    return names[name]


if TYPE_CHECKING:
    from dataclasses import replace as evolve  # names and types of the changes are checked as ever
else:
    from dataclasses import fields

    def evolve(value: T, /, **changes: Any) -> T:  # noqa: ANN401
        """Return a copy of `value`, a dataclass with slots, with `changes` to it.

        Raises:
            KeyError: there is no such field.
        """
        return _copier(type(value))(value, changes)

    @cache
    def _copier(kind: type[T]) -> Callable[[T, dict[str, Any]], T]:
        """Return the function that copies a value of this class with changes."""
        known = {each.name: each.name for each in fields(kind)}
        body = "".join(f"    made.{name} = value.{name}\n" for name in known)
        body = (
            f"    made = new(blank)\n{body}"
            "    for name, changed in changes.items():\n"
            "        put(made, known[name], changed)\n"
            "    made.__class__ = kind\n    return made\n"
        )
        names = {"kind": kind, "known": known, "new": object.__new__, "put": setattr}
        return _compiled("copy(value, changes)", body, kind, names | {"blank": _blank(kind)})

    @cache
    def _blank(kind: type[T]) -> type:
        """Return the class of values that are about to be of `kind`: laid out alike, not frozen."""
        namespace = {
            "__slots__": kind.__slots__,
            "__setattr__": object.__setattr__,  # in spite of a frozen base; fast only with the next
            "__delattr__": object.__delattr__,
        }
        return type(f"Blank{kind.__name__}", kind.__bases__, namespace)
