"""JSON in the wrappings of Mesos: called by a function, and compressed if it is worth it."""

import asyncio
import gzip

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from trimast.edge.mesos_http import Refusal
from trimast.edge.page_answers import COMPRESSED_FROM_BYTES, text_answer

LARGE = b"[" + b" " * COMPRESSED_FROM_BYTES + b"]"


def answer(path: str, body: bytes, **headers: str) -> tuple[bytes, dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = asyncio.run(text_answer(make_mocked_request("GET", path, named), body))
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    return response.body, dict(response.headers)


def test_json_is_called_so_and_nothing_else_is_said_of_it() -> None:
    assert answer("/state", b"{}") == (b"{}", {"Content-Type": "application/json"})


def test_a_function_may_be_called_with_it() -> None:
    body, headers = answer("/state?jsonp=jQuery.cb_1", b"{}")
    assert (body, headers["Content-Type"]) == (b"jQuery.cb_1({});", "text/javascript")
    for name in ("alert(1)//", "", "a b", "x" * 200):
        with pytest.raises(Refusal, match="jsonp"):
            answer(f"/state?jsonp={name}", b"{}")


@pytest.mark.parametrize("accept", ["gzip", "deflate, GZIP;q=0.5, br"])
def test_what_is_large_is_compressed_if_asked_for(accept: str) -> None:
    body, headers = answer("/state", LARGE, Accept_Encoding=accept)
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == LARGE
    huge = LARGE * 50
    assert gzip.decompress(answer("/state", huge, Accept_Encoding=accept)[0]) == huge


@pytest.mark.parametrize("accept", ["", "identity", "gzip;q=0", "br, deflate"])
def test_nobody_is_given_what_they_cannot_read(accept: str) -> None:
    body, headers = answer("/state", LARGE, Accept_Encoding=accept)
    assert (body, "Content-Encoding" in headers) == (LARGE, False)


def test_what_is_small_is_not_worth_it() -> None:
    body, headers = answer("/state", b"{}", Accept_Encoding="gzip")
    assert (body, "Content-Encoding" in headers) == (b"{}", False)
