"""What clients of Mesos are told of the version, before they ask for anything else."""

from importlib.metadata import PackageNotFoundError

import pytest

from agent.edge.mesos import version as subject
from agent.edge.mesos.version import CAPABILITIES, own_version, version_document
from protos.mesos.v1 import mesos_pb2
from trimast.edge.mesos_json.reading import message_from_json


def test_the_version_is_that_of_the_api_and_our_own_stands_beside_it() -> None:
    document = version_document()
    assert document["version"] == subject.MESOS_VERSION
    assert document["trimast_version"] == own_version() != subject.MESOS_VERSION


def test_clients_that_take_versions_apart_can_do_so() -> None:
    assert [int(part) >= 0 for part in version_document()["version"].split(".")] == [True] * 3


def test_every_capability_is_one_that_mesos_knows() -> None:
    for name in CAPABILITIES:
        known = b'{"type":"%s"}' % name.encode()
        capability = message_from_json(known, mesos_pb2.AgentInfo.Capability)
        assert mesos_pb2.AgentInfo.Capability.Type.Name(capability.type) == name


def test_what_was_never_installed_has_a_version_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(subject, "version", none)
    assert own_version() == "0"
