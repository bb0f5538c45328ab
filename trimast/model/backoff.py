"""How long to wait before trying again."""

from random import Random


def retry_delay_ms(attempt: int, random: Random, *, first_ms: int, most_ms: int) -> int:
    """Doubles from `first_ms` up to `most_ms`, less up to a half by chance.

    The chance keeps a thousand clients of a restarted master from coming back as one.

    Args:
        attempt: how many tries have failed before; 0 for the first wait.
    """
    ceiling_ms = min(most_ms, first_ms << min(attempt, 32))
    return ceiling_ms - random.randrange(ceiling_ms // 2 + 1)
