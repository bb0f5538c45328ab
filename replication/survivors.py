"""What is certain, possible and lost when only a minority of the replicas is left: a judgement.

An entry is committed once a quorum has it on disk. So with at least a quorum of disks nothing is
lost, and there is nothing to judge. With fewer, the survivor whose log ends with the highest term,
and of those the longest, has every committed entry that any survivor has (Ongaro, "Consensus:
Bridging Theory and Practice", 2014, section 3.6); and what a quorum of the missing disks may have
committed without any survivor, nobody can tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from replication.membership import Configuration


class RecoveryRefused(Exception):
    """There is nothing to recover, or no way to. The text says which, and what would be right."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """One sound data directory.

    Attributes:
        place: what to call it, such as its path.
        ballot_term: the highest term it has heard of.
        commit_index: of what it knows itself to be committed.
    """

    place: str
    cluster_id: str
    replica_id: str
    disk_id: str
    life: int
    configuration: Configuration
    first_index: int
    last_index: int
    last_term: int
    ballot_term: int
    commit_index: int

    @property
    def is_member(self) -> bool:
        return self.configuration.is_voter(self.replica_id, self.disk_id)

    @property
    def has_base(self) -> bool:
        return self.last_index >= self.configuration.base_index


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    Attributes:
        best: whose log everything goes on with.
        certain_index: all entries up to it are committed.
        missing: members of the configuration of whom there is no disk.
        may_be_lost: whether there may be committed entries that no survivor has.
        why: in a sentence.
        set_aside: survivors whose word counts for nothing, and why.
    """

    best: Survivor
    certain_index: int
    missing: tuple[str, ...]
    may_be_lost: bool
    why: str
    set_aside: tuple[str, ...]

    @property
    def possible(self) -> tuple[int, int] | None:
        """First and last of the entries that may be committed, or may not."""
        first = self.certain_index + 1
        return (first, self.best.last_index) if first <= self.best.last_index else None


def judge(survivors: Sequence[Survivor]) -> Judgement:
    """
    Raises:
        RecoveryRefused
    """
    _check_they_belong_together(survivors)
    number = max(survivor.configuration.number for survivor in survivors)
    newest = [each for each in survivors if each.configuration.number == number]
    configuration = newest[0].configuration
    if number == 0:
        raise RecoveryRefused(
            "none of these has ever been a member of a cluster: there is nothing to recover. "
            "Empty directories begin a cluster by themselves"
        )
    if any(each.configuration.members != configuration.members for each in newest):
        raise RecoveryRefused(
            f"these know different members under the configuration number {number}: they are of "
            "different lives of the cluster; name those of one life"
        )
    able = [each for each in newest if each.has_base]
    members = sorted(configuration.members)
    quorum = len(members) // 2 + 1
    present = {each.replica_id for each in able if each.is_member}
    missing = tuple(name for name in members if name not in present)
    if len(present) >= quorum:
        raise RecoveryRefused(
            f"{len(present)} of {len(members)} survive, and {quorum} are enough: nothing to "
            f"recover, start them ({', '.join(sorted(present))})"
        )
    if not able:
        raise RecoveryRefused(
            f"none of these has entry {configuration.base_index}, with which configuration "
            f"{number} begins: their logs are older. Restore a backup"
        )
    best = max(able, key=lambda each: (each.last_term, each.last_index, each.is_member))
    return Judgement(
        best,
        max(each.commit_index for each in able),
        missing,
        len(missing) >= quorum,
        _why(len(members), quorum, missing, best),
        tuple(_set_aside(each, number) for each in survivors if each not in able),
    )


def _check_they_belong_together(survivors: Sequence[Survivor]) -> None:
    if not survivors:
        raise RecoveryRefused("no data directory that can be read was named")
    clusters = sorted({survivor.cluster_id for survivor in survivors})
    if len(clusters) > 1:
        places = "; ".join(f"{each.place} is of {each.cluster_id!r}" for each in survivors)
        raise RecoveryRefused(f"these are of different clusters: {places}. Name those of one")
    by_id: dict[str, Survivor] = {}
    for survivor in survivors:
        other = by_id.setdefault(survivor.replica_id, survivor)
        if other is not survivor:
            raise RecoveryRefused(
                f"{other.place} and {survivor.place} are both of {survivor.replica_id}; name the "
                "newer one alone"
            )


def _why(members: int, quorum: int, missing: Sequence[str], best: Survivor) -> str:
    names = ", ".join(missing)
    if len(missing) < quorum:
        return (
            f"{len(missing)} of {members} are missing ({names}), fewer than the {quorum} that it "
            f"takes to commit: every committed entry is on a survivor, and {best.replica_id} has it"
        )
    return (
        f"{len(missing)} of {members} are missing ({names}), and {quorum} are enough to commit: "
        f"they may have acknowledged entries after {best.last_index} that no survivor has heard "
        "of, and even changed the members. Nothing here can exclude it"
    )


def _set_aside(survivor: Survivor, number: int) -> str:
    if survivor.configuration.number < number:
        return (
            f"{survivor.place} knows configuration {survivor.configuration.number} only, and "
            f"{number} has been in force: what it has beyond may never have counted"
        )
    return (
        f"{survivor.place} ends with entry {survivor.last_index}, before entry "
        f"{survivor.configuration.base_index}, with which its configuration begins"
    )
