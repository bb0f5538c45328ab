"""Where clients are sent: to the leader, never back to where they asked, and nowhere if none is."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from master.edge.directory import Directory, MasterAddress
from master.edge.doors import Doorkeeper
from master.edge.mesos.leading import Redirect, confirmed_reign, reign_or_redirect
from replication.membership import BLANK
from replication.replicated_log import (
    ReadListener,
    ReadOutcome,
    ReadReady,
    ReadRefusalCause,
    ReadRefused,
)
from trimast.edge.mesos_http import Refusal
from trimast.model.ids import MasterId

M1, M2 = MasterId("m1"), MasterId("m2")


@dataclass
class Log:
    leader_id: str | None
    answer: ReadOutcome | None = None

    def status(self) -> "Log":
        return self

    def read(self, on_outcome: ReadListener) -> None:
        assert self.answer is not None
        asyncio.get_running_loop().call_soon(on_outcome, self.answer)


@dataclass
class Leadership:
    reign: Any


def a_doorkeeper(log: Log, reign: object = None) -> Doorkeeper:
    named = {M1: MasterAddress("", "", "10.0.0.1:5050"), M2: MasterAddress("", "", "10.0.0.2:5050")}
    directory = Directory(M1, named, lambda: BLANK)
    stand_ins: Any = (Leadership(reign), log)
    return Doorkeeper(stand_ins[0], directory, stand_ins[1])


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/state", "//10.0.0.2:5050/master/state"),
        ("/master/state", "//10.0.0.2:5050/master/state"),
        ("/tasks?limit=1&order=asc", "//10.0.0.2:5050/master/tasks?limit=1&order=asc"),
        ("/api/v1/scheduler", "//10.0.0.2:5050/master/api/v1/scheduler"),
    ],
)
def test_a_follower_names_the_leader_with_the_path_that_was_asked_for(
    path: str, location: str
) -> None:
    with pytest.raises(Redirect) as redirect:
        reign_or_redirect(a_doorkeeper(Log(M2)), make_mocked_request("GET", path))
    assert redirect.value.location == location
    response = redirect.value.as_response()
    assert (response.status, response.body) == (307, None)


@pytest.mark.parametrize(
    ("leader_id", "text"),
    [
        (None, "No leader elected"),
        (M1, "Master has not finished recovery"),
        ("m9", "No leader elected"),
    ],
)
def test_who_cannot_be_served_yet_is_told_why(leader_id: str | None, text: str) -> None:
    with pytest.raises(Refusal, match=text) as refusal:
        reign_or_redirect(a_doorkeeper(Log(leader_id)), make_mocked_request("GET", "/state"))
    assert refusal.value.status == 503


def test_a_leader_serves() -> None:
    reign = object()
    found: object = reign_or_redirect(
        a_doorkeeper(Log(M1), reign), make_mocked_request("GET", "/state")
    )
    assert found is reign


@pytest.mark.parametrize("answer", [ReadReady(7), ReadRefused(ReadRefusalCause.NOT_LEADING)])
def test_what_is_shown_is_confirmed_by_a_quorum(answer: ReadOutcome) -> None:
    reign = object()
    doorkeeper = a_doorkeeper(Log(M1, answer), reign)

    async def ask() -> object:
        return await confirmed_reign(doorkeeper, make_mocked_request("GET", "/state"))

    if isinstance(answer, ReadReady):
        assert asyncio.run(ask()) is reign
        return
    with pytest.raises(Refusal, match="No leader elected"):
        asyncio.run(ask())
