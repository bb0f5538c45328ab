"""Resources as people write them: `cpus:4;mem:8192;ports:[31000-32000];zones:{a,b}`."""

import re
from decimal import Decimal, InvalidOperation

from trimast.model.resource_kind import fault_of_resource_name
from trimast.model.resources import RANGE_END_MAX, SCALAR_MILLI_MAX, Resources, Span

_HOW = "write them like cpus:4;mem:8192;disk:10240;ports:[31000-32000]"


def resources_from_text(text: str) -> Resources:
    """Read what `str(Resources)` writes, and what Mesos agents take as `--resources`.

    Raises:
        ValueError: names the part that cannot be read, and how it should look.
    """
    scalars: dict[str, int] = {}
    ranges: dict[str, list[Span]] = {}
    sets: dict[str, list[str]] = {}
    for part in filter(None, (p.strip() for p in text.split(";"))):
        name, colon, amount = (piece.strip() for piece in part.partition(":"))
        if not (colon and name and amount):
            raise ValueError(f"resource {part!r} has no name or no amount; {_HOW}")
        fault = fault_of_resource_name(name)
        if fault is not None:
            raise ValueError(f"resource {name!r} {fault}; {_HOW}")
        if name in scalars or name in ranges or name in sets:
            raise ValueError(f"resource {name!r} is named twice")
        if amount.startswith("["):
            ranges[name] = [_span(name, span) for span in _inside(name, amount, "[", "]")]
        elif amount.startswith("{"):
            sets[name] = _inside(name, amount, "{", "}")
        else:
            scalars[name] = scalar_milli_from_text(name, amount)
    return Resources.of(scalars, ranges, sets)


def scalar_milli_from_text(name: str, text: str) -> int:
    """Thousandths of a decimal number, rounded to the nearest; refuses negative and huge ones."""
    try:
        milli = (Decimal(text) * 1000).to_integral_value()
    except (InvalidOperation, ValueError):
        raise ValueError(f"{name} is not a number: {text!r}") from None
    if not milli.is_finite() or not 0 <= milli <= SCALAR_MILLI_MAX:
        raise ValueError(f"{name} must be between 0 and {SCALAR_MILLI_MAX // 1000}: {text!r}")
    return int(milli)


def _inside(name: str, text: str, opening: str, closing: str) -> list[str]:
    if not text.endswith(closing):
        raise ValueError(f"{name} begins with {opening} but does not end with {closing}: {text!r}")
    return [item.strip() for item in text[1:-1].split(",") if item.strip()]


def _span(name: str, text: str) -> Span:
    match = re.fullmatch(r"(\d{1,19})\s*-\s*(\d{1,19})", text)
    if match is None:
        raise ValueError(f"{name} has ranges like 31000-32000, not {text!r}")
    first, last = int(match[1]), int(match[2])
    if not first <= last <= RANGE_END_MAX:
        raise ValueError(f"{name}: a range ends where it begins or later: {text!r}")
    return first, last
