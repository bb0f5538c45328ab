"""The older endpoints of masters: compact JSON, and refusals and redirects as answers."""

import asyncio

from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from master.edge.mesos.answering import json_answer, refusals_answered
from trimast.edge.mesos_http import Refusal


def answer(path: str) -> tuple[int, str | None]:
    async def page(request: web.Request) -> web.StreamResponse:
        if request.path == "/none":
            raise Refusal(404, "There is no such page")
        return await json_answer(request, {"a": ["\u2028", 1]})

    async def main() -> web.StreamResponse:
        return await refusals_answered(page)(make_mocked_request("GET", path))

    response = asyncio.run(main())
    assert isinstance(response, web.Response)
    return response.status, response.text


def test_json_is_short_and_may_stand_in_a_script() -> None:
    assert answer("/page") == (200, '{"a":["\\u2028",1]}')
    assert answer("/page?jsonp=f") == (200, 'f({"a":["\\u2028",1]});')


def test_what_is_refused_is_answered() -> None:
    assert answer("/none") == (404, "There is no such page")
    assert answer("/page?jsonp=a+b") == (400, "jsonp must be the name of a function")
