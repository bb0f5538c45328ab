"""A state machine that costs next to nothing: what is measured is the log."""

from collections.abc import Iterator


class Counting:
    """Counts what is applied. Its snapshot is the count."""

    def __init__(self) -> None:
        self.count = 0

    def apply(self, index: int, command: bytes) -> object:
        self.count += 1
        return None

    def capture(self) -> "CapturedCount":
        return CapturedCount(self.count)

    def restore(self, index: int) -> "RestoredCount":
        return RestoredCount(self)


class CapturedCount:
    def __init__(self, count: int) -> None:
        self._count = count

    def chunks(self) -> Iterator[bytes]:
        yield str(self._count).encode()


class RestoredCount:
    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self._digits = b""

    def take(self, chunk: bytes) -> None:
        self._digits += chunk

    def put_in_place(self) -> None:
        self._counting.count = int(self._digits)
