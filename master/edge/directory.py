"""Where the masters of this cluster are: every one of them, by its id."""

from dataclasses import dataclass, replace

from trimast.model.ids import MasterId


@dataclass(frozen=True, slots=True)
class MasterAddress:
    """`host:port` each."""

    raft: str
    grpc: str
    http: str


@dataclass(slots=True)
class Directory:
    own_id: MasterId
    masters: dict[MasterId, MasterAddress]

    @property
    def own(self) -> MasterAddress:
        return self.masters[self.own_id]

    def find(self, master_id: str | None) -> MasterAddress | None:
        return self.masters.get(MasterId(master_id)) if master_id is not None else None

    def listens(self, *, grpc: str, http: str) -> None:
        """This master alone was told to pick free ports; these are what it got."""
        self.masters[self.own_id] = replace(self.own, grpc=grpc, http=http)
