"""Masters that know principals: who does not say who they are is asked, as Mesos asks."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.strict_client import JSON, Answer, Client, as_json
from tests.conformance.told import FRAMEWORK, OPERATOR, SCHEDULER
from tests.integration.conftest import RESOURCES
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import bring_down, bring_up, cluster_in


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterFile]:
    """One master, which knows alice and bob."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "credentials").write_text("alice s3cret\nbob other\n")
    (folder / "credentials").chmod(0o600)
    cluster_folder = folder / "cluster"
    cluster_folder.mkdir()
    settings = f'credentials = "{folder / "credentials"}"\n'
    (cluster_folder / "settings.toml").write_text(f"[master]\n{settings}")
    yield asyncio.run(bring_up(cluster_folder, masters=1, agents=0, resources=RESOURCES))
    bring_down(cluster_folder, grace_s=5)
    assert cluster_in(cluster_folder).alive == ()


def by(principal: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{principal}:{secret}".encode()).decode()


ALICE = by("alice", "s3cret")
BOB = by("bob", "other")


async def ask(cluster: ClusterFile, path: str, call: object, **headers: str) -> Answer:
    async with Client() as client:
        connection = await client.open(cluster.masters[0].http)
        return await connection.ask(path, as_json(call), Content_Type=JSON, **headers)


def test_who_is_not_known_is_asked_before_all_else(guarded: ClusterFile) -> None:
    for path, realm in (
        (OPERATOR, "readwrite"),
        (SCHEDULER, "scheduler"),
        ("/slaves", "readwrite"),
    ):
        for header in ({}, {"Authorization": by("alice", "wrong")}):
            answer = asyncio.run(ask(guarded, path, "no call", **header))
            assert (answer.status, answer.body) == (401, b"")
            asked = answer.headers["WWW-Authenticate"]
            assert asked == f'Basic realm="mesos-master-{realm}"'
    assert asyncio.run(ask(guarded, "/version", {})).status == 200


def test_who_is_known_is_answered(guarded: ClusterFile) -> None:
    answer = asyncio.run(ask(guarded, OPERATOR, {"type": "GET_HEALTH"}, Authorization=ALICE))
    assert json.loads(answer.body)["get_health"] == {"healthy": True}
    answer = asyncio.run(ask(guarded, "/flags", {}, Authorization=BOB))
    assert b"s3cret" not in answer.body


def test_a_framework_is_spoken_for_by_its_own_principal(guarded: ClusterFile) -> None:
    async def story() -> None:
        async with Client() as client:
            address = guarded.masters[0].http
            info = {**FRAMEWORK, "principal": "alice"}
            call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": info}}
            wrong = await ask(guarded, SCHEDULER, call, Authorization=BOB)
            assert (wrong.status, b"does not match principal 'alice'" in wrong.body) == (400, True)
            stream = await client.open(address)
            status, given = await stream.begin(
                SCHEDULER, as_json(call), Content_Type=JSON, Authorization=ALICE
            )
            assert status == 200
            framework_id = (await stream.event("SUBSCRIBED"))["subscribed"]["framework_id"]
            revive = {"type": "REVIVE", "framework_id": framework_id}
            own = {"Mesos_Stream_Id": given["Mesos-Stream-Id"]}
            done = await ask(guarded, SCHEDULER, revive, Authorization=ALICE, **own)
            assert done.status == 202
            wrong = await ask(guarded, SCHEDULER, revive, Authorization=BOB, **own)
            assert (wrong.status, b"does not match" in wrong.body) == (400, True)

    asyncio.run(story())


def test_nobody_reserves_in_the_name_of_another(guarded: ClusterFile) -> None:
    reservation = {"type": "DYNAMIC", "role": "web", "principal": "bob"}
    cpus = {"name": "cpus", "type": "SCALAR", "scalar": {"value": 1.0}}
    body = {"agent_id": {"value": "a"}, "resources": [{**cpus, "reservations": [reservation]}]}
    call = {"type": "RESERVE_RESOURCES", "reserve_resources": body}
    refused = asyncio.run(ask(guarded, OPERATOR, call, Authorization=ALICE))
    assert (refused.status, b"in the name of 'bob'" in refused.body) == (400, True)
    own = asyncio.run(ask(guarded, OPERATOR, call, Authorization=BOB))
    assert (own.status, own.body) == (400, b"No agent found with specified ID")


def test_secrets_are_not_in_the_log(guarded: ClusterFile) -> None:
    asyncio.run(ask(guarded, OPERATOR, {}, Authorization=by("alice", "almost-s3cret")))
    logs = [path for path in Path(guarded.folder).rglob("*.log") if path.is_file()]
    assert logs
    text = "".join(path.read_text(errors="replace") for path in logs)
    assert "authentication_failed" in text
    assert "s3cret" not in text
