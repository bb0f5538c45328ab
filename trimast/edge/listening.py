"""What a server says when it cannot have the address it was given."""

import os


class CannotListen(Exception):
    """The address cannot be had; the text says which, what for and why."""

    def __init__(self, what: str, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host}:{port} for {what}: {reason}")


def reason_of(error: OSError) -> str:
    """The system's own words, "address already in use"; without errno and address."""
    return os.strerror(error.errno).lower() if error.errno else str(error)
