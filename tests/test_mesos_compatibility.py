"""The tables of `docs/mesos-compatibility.md` say what the code does."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from master.config import MasterConfig
from master.edge.directory import Directory, MasterAddress
from master.edge.doors import Doorkeeper
from master.edge.health_page import add_health_page
from master.edge.mesos.about import About
from master.edge.mesos.cluster_watch import ClusterWatch
from master.edge.mesos.mounting import MesosDoors
from master.edge.mesos.not_built import NOT_BUILT
from master.edge.mesos.operator_api import BUILT
from master.edge.metrics import MasterMetrics
from master.edge.operator_questions import OperatorQuestions
from master.edge.scheduler_codec import event_from_call
from master.edge.streams import Streams
from master.presence.frameworks import StreamId
from protos.mesos.v1.master import master_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from replication.membership import BLANK
from trimast.edge.wire.bad_message import BadMessage
from trimast.model.ids import MasterId

DOCS = Path(__file__).parent.parent / "docs"
_SECTION = re.compile(r"^## (.*)$", re.M)
_ROW = re.compile(r"^\| `([^`]+)` \| (\w+) \|", re.M)
APIS = ("/api/v1", "/api/v1/scheduler")


def table(section: str) -> dict[str, str]:
    """Its first two columns."""
    text = (DOCS / "mesos-compatibility.md").read_text(encoding="utf-8")
    parts = _SECTION.split(text)
    [body] = [
        body for title, body in zip(parts[1::2], parts[2::2], strict=True) if section in title
    ]
    return dict(_ROW.findall(body))


def state_of(kind: "scheduler_pb2.Call.Type.ValueType") -> str:
    """What becomes of such a call that has what it must, and nothing else."""
    call = scheduler_pb2.Call(type=kind)
    name = scheduler_pb2.Call.Type.Name(kind).lower()
    if name in call.DESCRIPTOR.fields_by_name:
        fill(getattr(call, name))
    try:
        event = event_from_call(StreamId(1), call)
    except BadMessage as error:
        return "no" if "not supported yet" in str(error) else "yes"
    return "taken" if event is None else "yes"


def fill(message: Any) -> None:
    message.SetInParent()
    for field in message.DESCRIPTOR.fields:
        if field.is_required and field.message_type is not None:
            fill(getattr(message, field.name))
        elif field.is_required:
            is_text = field.cpp_type == field.CPPTYPE_STRING and field.type != field.TYPE_BYTES
            setattr(message, field.name, "x" if is_text else b"x" * 16)


def test_every_call_of_schedulers_is_in_the_table_as_it_is() -> None:
    kinds = scheduler_pb2.Call.Type
    found = {name: state_of(number) for name, number in kinds.items() if name != "UNKNOWN"}
    assert table("The scheduler API") == found


def test_every_call_of_operators_is_in_the_table_as_it_is() -> None:
    kinds = master_pb2.Call.Type
    found = {
        name: "yes" if number in BUILT else "no"
        for name, number in kinds.items()
        if name != "UNKNOWN"
    }
    assert table("The operators' API") == found


def test_every_path_is_in_the_table_and_no_other() -> None:
    listed = table("Older endpoints of masters")
    found = asyncio.run(mounted())
    assert set(listed) == found - set(APIS)
    assert {path for path, of in listed.items() if of == "none"} == set(NOT_BUILT)


async def mounted() -> set[str]:
    """As they are asked for, without what may stand before and behind them."""
    nobody: Any = None
    directory = Directory(
        MasterId("m1"), {MasterId("m1"): MasterAddress("", "", "")}, lambda: BLANK
    )
    doorkeeper = Doorkeeper(nobody, directory, nobody)
    prometheus = CollectorRegistry()
    app = web.Application()
    MesosDoors(
        doorkeeper,
        About(MasterConfig(data_dir=Path("x")), directory, 0.0),
        Streams(),
        OperatorQuestions(),
        ClusterWatch(lambda: None, prometheus),
        MasterMetrics(prometheus),
        prometheus,
    ).mount(app)
    add_health_page(app, doorkeeper, nobody)
    paths = {resource.canonical for resource in app.router.resources()}
    return {
        path
        for path in paths
        if "{" not in path and not path.startswith("/master") and not path.endswith((".json", "/"))
    }


@pytest.mark.parametrize("page", ["migrating-from-mesos.md", "mesos-compatibility.md"])
def test_every_flag_that_is_named_is_one(page: str) -> None:
    """In the column of ours."""
    text = (DOCS / page).read_text(encoding="utf-8")
    flags = set(re.findall(r"^\| [^|]*\| `--([a-z0-9-]+)`", text, re.M))
    known = {name.replace("_", "-") for name in MasterConfig.__dataclass_fields__}
    agent = (DOCS.parent / "agent" / "config.py").read_text(encoding="utf-8")
    known |= {name.replace("_", "-") for name in re.findall(r"^    (\w+): ", agent, re.M)}
    assert flags <= known, flags - known
