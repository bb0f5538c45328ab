"""What the operators' API of Mesos tells of the master itself."""

from collections.abc import Callable, Mapping
from typing import Final

from master.edge.leadership import Reign
from master.edge.master_info import MESOS_VERSION, master_info
from master.edge.mesos.about import About
from master.edge.mesos.operator_answers import response_to
from protos.mesos.v1.master import master_pb2

_Call = master_pb2.Call

OF_THE_MASTER: Final = frozenset(
    {
        _Call.GET_HEALTH,
        _Call.GET_FLAGS,
        _Call.GET_VERSION,
        _Call.GET_METRICS,
        _Call.GET_MASTER,
    }
)


class MasterAnswers:
    """
    Args:
        metrics: by the names that Mesos has for them.
    """

    def __init__(self, about: About, metrics: Callable[[], Mapping[str, float]]) -> None:
        self._about = about
        self._metrics = metrics

    def answer(self, reign: Reign, call_type: "_Call.Type.ValueType") -> master_pb2.Response:
        response = response_to(call_type)
        match call_type:
            case _Call.GET_HEALTH:
                response.get_health.healthy = True
            case _Call.GET_FLAGS:
                for name, value in self._about.flags.items():
                    response.get_flags.flags.add(name=name, value=value)
            case _Call.GET_VERSION:
                response.get_version.version_info.version = MESOS_VERSION
            case _Call.GET_METRICS:
                for name, number in self._metrics().items():
                    response.get_metrics.metrics.add(name=name, value=number)
            case _Call.GET_MASTER:
                master = response.get_master
                master.master_info.CopyFrom(master_info(self._about.directory))
                master.start_time = self._about.started_s
                master.elected_time = reign.began_at_ms / 1000
            case _:
                raise AssertionError(f"{call_type} is not about the master")
        return response
