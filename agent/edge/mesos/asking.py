"""How a call of the agent's API comes, and in what its answer goes back: single, or as a stream."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web
from google.protobuf.message import DecodeError

from protos.mesos.v1.agent import agent_pb2
from trimast.edge.mesos_http import JSON, PROTOBUF, Refusal
from trimast.edge.mesos_json.reading import message_from_json
from trimast.edge.wire.bad_message import BadMessage

RECORDIO: Final = "application/recordio"
MESSAGE_TYPE: Final = "Message-Content-Type"
MESSAGE_ACCEPT: Final = "Message-Accept"
_ANY: Final = {"*/*", "application/*", ""}


@dataclass(frozen=True, slots=True)
class Answering:
    """
    Attributes:
        content_type: of the answer.
        record_type: of what is in its records; `content_type` if that does not say RecordIO.
    """

    content_type: str
    record_type: str

    @property
    def stream_headers(self) -> dict[str, str]:
        """A stream is RecordIO even if it is not called so: as with Mesos."""
        headers = {"Content-Type": self.content_type}
        if self.content_type == RECORDIO:
            headers[MESSAGE_TYPE] = self.record_type
        return headers


def answering(request: web.Request, *, is_stream: bool) -> Answering:
    """Raises Refusal: nothing that is accepted can be given."""
    kinds = _kinds(request.headers.get("Accept", "*/*"))
    if kinds & {JSON, *_ANY}:
        chosen = JSON
    elif PROTOBUF in kinds:
        chosen = PROTOBUF
    elif RECORDIO in kinds and is_stream:
        return Answering(RECORDIO, _record_type(request))
    else:
        raise Refusal(
            406, f"Expecting 'Accept' to allow {JSON} or {PROTOBUF} or, of a stream, {RECORDIO}"
        )
    if MESSAGE_ACCEPT in request.headers:
        raise Refusal(406, f"Expecting '{MESSAGE_ACCEPT}' with 'Accept: {RECORDIO}' only")
    return Answering(chosen, chosen)


def record_type_of_request(request: web.Request) -> str:
    """Of what is in the records of a request that is a stream. Raises Refusal."""
    given = request.headers.get(MESSAGE_TYPE)
    if given is None:
        raise Refusal(400, f"Expecting '{MESSAGE_TYPE}' to be set for a streaming request")
    if given not in {JSON, PROTOBUF}:
        raise Refusal(415, f"Expecting '{MESSAGE_TYPE}' of {JSON} or {PROTOBUF}, not {given[:80]}")
    return given


def call_from_record(data: bytes, record_type: str) -> agent_pb2.Call:
    """Raises BadMessage."""
    if record_type == JSON:
        return message_from_json(data, agent_pb2.Call)
    try:
        return agent_pb2.Call.FromString(data)
    except DecodeError:
        raise BadMessage("Failed to parse body into Call protobuf") from None


def _record_type(request: web.Request) -> str:
    kinds = _kinds(request.headers.get(MESSAGE_ACCEPT, JSON))
    if kinds & {JSON, *_ANY}:
        return JSON
    if PROTOBUF in kinds:
        return PROTOBUF
    raise Refusal(406, f"Expecting '{MESSAGE_ACCEPT}' to allow {JSON} or {PROTOBUF}")


def _kinds(header: str) -> set[str]:
    return {part.split(";")[0].strip().lower() for part in header.split(",")}
