"""The work of the demonstration: every package of Python's standard library on this machine."""

import sysconfig
from dataclasses import dataclass
from pathlib import Path

from trimast.examples.count_words import words_in


@dataclass(frozen=True, slots=True)
class Package:
    """
    Attributes:
        name: as it is imported; "top-level" for the modules that are in no package.
    """

    name: str
    directory: Path


def packages_of_standard_library() -> list[Package]:
    root = Path(sysconfig.get_path("stdlib"))
    inside = sorted(path.parent for path in root.rglob("__init__.py"))
    packages = [
        Package(".".join(directory.relative_to(root).parts), directory)
        for directory in inside
        if not {"site-packages", "dist-packages"} & set(directory.relative_to(root).parts)
    ]
    return [Package("top-level", root), *packages]


def counted_here(packages: list[Package]) -> int:
    """The sum as one process finds it, without a cluster."""
    return sum(words_in(package.directory) for package in packages)
