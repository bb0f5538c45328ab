"""How a call of the Mesos v1 API comes over HTTP, and in what an answer goes back."""

import asyncio
from collections.abc import Iterator
from typing import Final, TypeVar

from aiohttp import web
from google.protobuf.message import DecodeError, Message

from trimast.edge.mesos_json.reading import message_from_json
from trimast.edge.mesos_json.writing import json_pieces, message_to_json
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.text_check import check_text

JSON: Final = "application/json"
PROTOBUF: Final = "application/x-protobuf"
BODY_PATIENCE_S: Final = 30.0

_M = TypeVar("_M", bound=Message)

Steps = Iterator[None]
"""One step after the other fills a message; others may have their turn in between."""


class Refusal(Exception):
    """Its text is the body of the answer: clients tell by it what is wrong."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status

    def as_response(self) -> web.Response:
        headers = {"Allow": "POST"} if self.status == 405 else None
        return web.Response(status=self.status, text=str(self), headers=headers)


async def read_call(request: web.Request, kind: type[_M]) -> _M:
    """
    Raises:
        Refusal: it is no POST, or not a message of this kind, as JSON or as protobuf.
    """
    if request.method != "POST":
        raise Refusal(405, f"Expecting one of {{ 'POST' }}, but received '{request.method}'")
    content_type = request.headers.get("Content-Type")
    if content_type is None:
        raise Refusal(400, "Expecting 'Content-Type' to be present")
    body = await _body_of(request)
    if content_type == JSON:
        try:
            return message_from_json(body, kind)
        except BadMessage as error:
            raise Refusal(400, str(error)) from None
    if content_type != PROTOBUF:
        text = f"Expecting 'Content-Type' of {JSON} or {PROTOBUF}, not {content_type[:80]}"
        raise Refusal(415, text)
    call = kind()
    try:
        call.MergeFromString(body)
    except DecodeError:
        raise Refusal(400, "Failed to parse body into Call protobuf") from None
    try:
        check_text(call)
    except BadMessage as error:
        raise Refusal(400, f"Failed to parse body into Call protobuf: {error}") from None
    return call


async def _body_of(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_PATIENCE_S):
            return await request.read()
    except TimeoutError:
        raise Refusal(408, f"The body has not come within {BODY_PATIENCE_S:.0f} s") from None


def accepted_type(request: web.Request) -> str:
    """JSON is preferred, and what is meant if nothing is said.

    Raises:
        Refusal: neither is accepted.
    """
    accept = request.headers.get("Accept", "*/*")
    kinds = {part.split(";")[0].strip().lower() for part in accept.split(",")}
    if kinds & {JSON, "*/*", "application/*", ""}:
        return JSON
    if PROTOBUF in kinds:
        return PROTOBUF
    raise Refusal(406, f"Expecting 'Accept' to allow {PROTOBUF} or {JSON}")


def encoded(message: Message, content_type: str) -> bytes:
    return message_to_json(message) if content_type == JSON else message.SerializeToString()


def in_slices(message: Message, steps: Steps, content_type: str) -> Iterator[bytes]:
    """Fill the message, then write it, in pieces of which each takes little."""
    for _ in steps:
        yield b""
    if content_type != JSON:
        yield message.SerializeToString()
        return
    for piece in json_pieces(message):
        yield piece.encode("ascii")
