"""Where the masters of this cluster are: every one of them, by its id."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from replication.membership import Configuration, Member
from trimast.model.ids import MasterId


@dataclass(frozen=True, slots=True)
class MasterAddress:
    """`host:port` each."""

    raft: str
    grpc: str
    http: str

    @property
    def note(self) -> str:
        """What the replicated log keeps of it beside the address of the Raft link."""
        return f"{self.grpc}/{self.http}"


class Directory:
    """
    Args:
        named: as the settings name them; counts until there is a configuration.
        configuration: the newest that this master knows.
    """

    def __init__(
        self,
        own_id: MasterId,
        named: Mapping[MasterId, MasterAddress],
        configuration: Callable[[], Configuration],
    ) -> None:
        self.own_id: Final = own_id
        self._named = dict(named)
        self._configuration = configuration

    @property
    def masters(self) -> Mapping[MasterId, MasterAddress]:
        """All members; this master too, even if it is none."""
        members = self._configuration().members
        if not members:
            return self._named
        found = {MasterId(name): self.address_of(name, m) for name, m in members.items()}
        return {**found, self.own_id: self.own}

    @property
    def own(self) -> MasterAddress:
        return self._named[self.own_id]

    def find(self, master_id: str | None) -> MasterAddress | None:
        return self.masters.get(MasterId(master_id)) if master_id is not None else None

    def listens(self, *, grpc: str, http: str) -> None:
        """This master was told to pick free ports; these are what it got."""
        self._named[self.own_id] = replace(self.own, grpc=grpc, http=http)

    def address_of(self, name: str, member: Member) -> MasterAddress:
        grpc, slash, http = member.note.partition("/")
        if not slash:
            # From before the log kept addresses.
            return self._named.get(MasterId(name), MasterAddress("", "", ""))
        host, port = member.address
        return MasterAddress(f"{host}:{port}", grpc, http)
