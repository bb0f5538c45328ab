"""JSON as the older endpoints of Mesos give it, and refusals in the words of Mesos."""

import json
from collections.abc import Mapping

from aiohttp import web

from master.edge.mesos.leading import Redirect
from master.edge.mesos.paths import Handler
from trimast.edge.mesos_http import Refusal
from trimast.edge.page_answers import text_answer


def refusals_answered(handler: Handler) -> Handler:
    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except (Refusal, Redirect) as answer:
            return answer.as_response()

    return answered


async def json_answer(request: web.Request, document: Mapping[str, object]) -> web.StreamResponse:
    return await text_answer(request, json.dumps(document, separators=(",", ":")).encode("ascii"))
