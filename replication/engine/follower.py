"""What the leader of a term knows of one peer."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Follower:
    """
    Attributes:
        heard_s: when it was sent to that which it answered last.
        heard_sequence: the newest message of ours that it has answered; 0: none in this term.
        matched_index: on the peer's disk and equal to ours, by its own word.
        counted_index: what pysyncobj was told of that.
        sent_index: all up to here went through this very session; None: nothing is known.
        unanswered: last index and size of each append with entries that awaits its answer.
        probe_sequence: while not None, one append at a time is sent, and answers to older ones
            than this do not count.
        probe_sent_s: when the one append of a probe was sent; None if none is under way.
        is_held_back: too much is unanswered; pysyncobj believes the peer disconnected.
        held_back_s: since when.
        resumes_s: when it is held back no longer, if it only rests.
    """

    heard_s: float = 0.0
    heard_sequence: int = 0
    matched_index: int = 0
    counted_index: int = 0
    sent_index: int | None = None
    spoken_s: float = float("-inf")
    told_commit_index: int = 0
    unanswered: deque[tuple[int, int]] = field(default_factory=deque)
    unanswered_bytes: int = 0
    probe_sequence: int | None = None
    probe_sent_s: float | None = None
    is_held_back: bool = False
    held_back_s: float = 0.0
    resumes_s: float = float("inf")

    def forget_session(self) -> None:
        self.sent_index = None
        self.unanswered.clear()
        self.unanswered_bytes = 0
        self.probe_sequence = None
        self.probe_sent_s = None
