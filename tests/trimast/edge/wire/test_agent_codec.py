"""Agents on the wire."""

import pytest

from trimast.edge.wire.agent_codec import agent_info_from_proto, agent_info_to_proto
from trimast.edge.wire.bad_message import BadMessage
from trimast.model.agent import AgentInfo
from trimast.model.attributes import Attribute
from trimast.model.resources import Resources

INFO = AgentInfo(
    "host", 5051, Resources.of({"cpus": 1_000}), (Attribute("rack", "r1"),), "boot", "1.0"
)


def test_an_agent_comes_back_as_it_went() -> None:
    message = agent_info_to_proto(INFO)
    assert agent_info_from_proto(message, boot_id="boot", version="1.0") == INFO


@pytest.mark.parametrize(("field", "value"), [("hostname", ""), ("port", 70_000), ("port", -1)])
def test_an_agent_that_cannot_be_reached_is_refused(field: str, value: object) -> None:
    message = agent_info_to_proto(INFO)
    setattr(message, field, value)
    with pytest.raises(BadMessage, match=field):
        agent_info_from_proto(message, boot_id="", version="")
