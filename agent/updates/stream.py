"""The reports about one task that no master has taken yet."""

from dataclasses import dataclass, field

from trimast.model.status_update import StatusUpdate


@dataclass(slots=True)
class UpdateStream:
    """Reports go out in order, each only after it is safely written down.

    Attributes:
        untaken: in order.
        made: sequence number of the newest report; they count from 1.
        written: up to which sequence number the reports are on disk.
        sent: up to which sequence number they went out over the present link.
        attempts: how often they were sent again, in vain.
    """

    untaken: list[StatusUpdate] = field(default_factory=list)
    made: int = 0
    written: int = 0
    sent: int = 0
    attempts: int = 0

    @property
    def settled(self) -> int:
        """Up to this sequence number, every report is taken."""
        return self.untaken[0].sequence - 1 if self.untaken else self.made

    def add(self, update: StatusUpdate) -> None:
        assert update.sequence == self.made + 1
        self.made += 1
        self.untaken.append(update)

    def restore(self, update: StatusUpdate) -> None:
        """A report read back from disk; earlier ones may have been taken, and are not there."""
        if update.sequence > self.made:
            self.made = self.written = update.sequence
            self.untaken.append(update)

    def mark_written(self, sequence: int) -> None:
        """Everything up to `sequence` is on disk."""
        assert sequence <= self.made
        self.written = max(self.written, sequence)

    def next_to_send(self) -> list[StatusUpdate]:
        """What may go out now and has not; it counts as sent from here on."""
        ready = [u for u in self.untaken if self.sent < u.sequence <= self.written]
        if ready:
            self.sent = ready[-1].sequence
        return ready

    def rewind(self) -> None:
        """Everything that is not taken goes out again."""
        self.sent = 0

    def take(self, uuid: bytes) -> StatusUpdate | None:
        """A master has this report now; None if it is not one that waits, or is not on disk."""
        for place, update in enumerate(self.untaken):
            if update.uuid == uuid and update.sequence <= self.written:
                return self.untaken.pop(place)
        return None
