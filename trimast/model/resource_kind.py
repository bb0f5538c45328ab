"""What a resource is besides its name: whom it is reserved for, and the volume it has become.

A reserved resource stands in `Resources` under a name of its own, such as `disk(db)`, and a volume
as `disk(db)[files,data]`. So every sum keeps them apart, and none has to know of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from trimast.model.resources import Resources, Span

_MARKS: Final = frozenset("()[]{}:;,=%")


@dataclass(frozen=True, slots=True, order=True)
class VolumeName:
    """
    Attributes:
        container_path: where a task finds it, below its sandbox.
    """

    persistence_id: str
    container_path: str


@dataclass(frozen=True, slots=True)
class Kind:
    """
    Attributes:
        role: for which it is reserved; "" for nobody.
        principal: of the framework that reserved it.
        labels: carried for the framework, but they make it a kind of its own.
        volume: the persistent volume that it is.
    """

    name: str
    role: str = ""
    principal: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    volume: VolumeName | None = None

    @property
    def text(self) -> str:
        """Its name in `Resources`: another for every other kind."""
        text = self.name
        if self.role:
            parts = [quote(self.role), quote(self.principal, safe="")]
            parts += [
                f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in self.labels
            ]
            text += f"({','.join(parts) if any(parts[1:]) else parts[0]})"
        if self.volume is not None:
            text += f"[{quote(self.volume.persistence_id)},{quote(self.volume.container_path)}]"
        return text


def fault_of_resource_name(name: str) -> str | None:
    """A plain name must not look like that of a kind."""
    marks = sorted(_MARKS & set(name))
    return f"has {' '.join(marks)}, which a name must not have" if marks else None


@lru_cache(maxsize=8192)
def kind_of(text: str) -> Kind:
    """Reads what `Kind.text` makes."""
    name, is_reserved, rest = text.partition("(")
    if not is_reserved:
        return Kind(name)
    reserved, _, after = rest.partition(")")
    role, *more = reserved.split(",")
    principal = unquote(more[0]) if more else ""
    labels = tuple(_label(part) for part in more[1:])
    volume = None
    if after:
        persistence_id, _, path = after[1:-1].partition(",")
        volume = VolumeName(unquote(persistence_id), unquote(path))
    return Kind(name, unquote(role), principal, labels, volume)


def is_plain(resources: Resources) -> bool:
    """Nothing of it is reserved."""
    return not any(_is_reserved(text) for text in names_in(resources))


def names_in(resources: Resources) -> Iterator[str]:
    yield from (text for text, _ in resources.scalars)
    yield from (text for text, _ in resources.ranges)
    yield from (text for text, _ in resources.sets)


def kinds_in(resources: Resources) -> list[Kind]:
    return [kind_of(text) for text in names_in(resources)]


def plain(resources: Resources) -> Resources:
    """The same amounts, whoever they are reserved for."""
    if is_plain(resources):
        return resources
    return rekeyed(resources, lambda kind: Kind(kind.name))


def rekeyed(resources: Resources, change: Callable[[Kind], Kind]) -> Resources:
    """The same amounts as other kinds; what becomes one kind is added up."""
    scalars: dict[str, int] = {}
    ranges: dict[str, tuple[Span, ...]] = {}
    sets: dict[str, tuple[str, ...]] = {}
    for text, milli in resources.scalars:
        key = change(kind_of(text)).text
        scalars[key] = scalars.get(key, 0) + milli
    for text, spans in resources.ranges:
        key = change(kind_of(text)).text
        ranges[key] = ranges.get(key, ()) + spans
    for text, items in resources.sets:
        key = change(kind_of(text)).text
        sets[key] = sets.get(key, ()) + items
    return Resources.of(scalars, ranges, sets)


def reserved_for(resources: Resources, role: str) -> Resources:
    """Any amounts, as reserved for a role."""
    return rekeyed(resources, lambda kind: replace(kind, role=role))


def selected(resources: Resources, wanted: Callable[[Kind], bool]) -> Resources:
    """Those of its kinds that are wanted."""
    return Resources(
        tuple(row for row in resources.scalars if wanted(kind_of(row[0]))),
        tuple(row for row in resources.ranges if wanted(kind_of(row[0]))),
        tuple(row for row in resources.sets if wanted(kind_of(row[0]))),
    )


def reserved_part(resources: Resources) -> Resources:
    return selected(resources, lambda kind: bool(kind.role))


def without_volumes(resources: Resources) -> Resources:
    return selected(resources, lambda kind: kind.volume is None)


def only_volumes(resources: Resources) -> Resources:
    return selected(resources, lambda kind: kind.volume is not None)


def visible_to(resources: Resources, role: str) -> Resources:
    """What may be offered to a role: what nobody has reserved, and what it, or a role above it,
    has."""
    if is_plain(resources):
        return resources
    return selected(
        resources,
        lambda kind: not kind.role or role == kind.role or role.startswith(f"{kind.role}/"),
    )


def volumes_in(resources: Resources) -> list[tuple[str, VolumeName]]:
    """Each with the role that it is reserved for."""
    found: list[tuple[str, VolumeName]] = []
    for text, _ in resources.scalars:
        if _is_reserved(text):
            kind = kind_of(text)
            if kind.volume is not None:
                found.append((kind.role, kind.volume))
    return found


def _is_reserved(text: str) -> bool:
    return "(" in text


def _label(part: str) -> tuple[str, str]:
    key, _, value = part.partition("=")
    return unquote(key), unquote(value)
