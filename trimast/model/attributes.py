"""What an agent says about its machine beside amounts: `rack:r1;generation:3`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    text: str


def attributes_from_text(text: str) -> tuple[Attribute, ...]:
    """Read `name:text;name:text`.

    Raises:
        ValueError: names the part that cannot be read.
    """
    attributes: list[Attribute] = []
    for part in filter(None, (p.strip() for p in text.split(";"))):
        name, colon, value = (piece.strip() for piece in part.partition(":"))
        if not (colon and name and value):
            raise ValueError(f"attribute {part!r} should look like rack:r1")
        attributes.append(Attribute(name, value))
    return tuple(attributes)
