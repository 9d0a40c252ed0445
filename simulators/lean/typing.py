# SPDX-License-Identifier: Apache-2.0
"""A typing that costs nothing: a simulated program reads annotations and never uses them.

The real one takes more time to import (20 ms) than a whole simulated program may take.
"""

TYPE_CHECKING = False


class _Form:
    """Any special form: subscripted and called it stays what it is."""

    def __getitem__(self, item: object) -> "_Form":
        return self

    def __call__(self, *args: object, **keywords: object) -> "_Form":
        return self


Any = AnyStr = Callable = ClassVar = Container = Dict = FrozenSet = Generator = Generic = _Form()
IO = BinaryIO = TextIO = Iterable = Iterator = List = Mapping = MutableMapping = NoReturn = Any
Optional = Pattern = Match = Sequence = Set = Sized = Tuple = Type = TypeVar = Union = Any


def cast(kind: object, value: object) -> object:
    """Return the value."""
    return value


def overload(function: object) -> object:
    """Return the function."""
    return function


class _NamedTupleMeta(type):
    def __new__(mcs, name: str, bases: tuple, space: dict) -> type:
        if not bases:
            return type.__new__(mcs, name, bases, space)
        import collections

        fields = list(space.get("__annotations__", {}))
        made = collections.namedtuple(name, fields)  # type: ignore[misc]
        defaults = tuple(space[field] for field in fields if field in space)
        made.__new__.__defaults__ = defaults
        for key, value in space.items():
            if key not in fields and key not in ("__annotations__", "__dict__", "__qualname__"):
                setattr(made, key, value)
        return made


class NamedTuple(metaclass=_NamedTupleMeta):
    """A tuple with named fields, as a base class or as NamedTuple(name, fields)."""

    def __new__(cls, name: str, fields: list) -> type:  # type: ignore[misc]
        import collections

        return collections.namedtuple(name, [field for field, _ in fields])
