"""A command: what to execute, and as whom."""

from dataclasses import dataclass

from trimast.model.uri import Uri


@dataclass(frozen=True, slots=True)
class CommandInfo:
    """What to execute.

    Attributes:
        value: a shell line if `shell`, else the program; its arguments then are `arguments`,
            the first of which is the name the program sees as its own.
        environment: name and value; added to the little that every task gets.
        user: runs the command; "" is the framework's.
        uris: are in the sandbox before the command runs.
    """

    value: str
    shell: bool = True
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    user: str = ""
    uris: tuple[Uri, ...] = ()
