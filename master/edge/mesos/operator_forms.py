"""Orders of operators as forms, as their scripts sent them before there was an API."""

import asyncio
import json
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from master.edge.doors import Doorkeeper
from master.edge.leadership import Reign
from master.edge.mesos.answering import refusals_answered
from master.edge.mesos.leading import reign_or_redirect
from master.edge.mesos.operator_orders import OperatorOrders, note_order
from master.edge.mesos.paths import Handler, add_endpoint
from protos.mesos.v1.master import master_pb2
from trimast.edge.mesos_http import BODY_PATIENCE_S, Refusal
from trimast.edge.mesos_json.reading import message_from_json
from trimast.edge.wire.bad_message import BadMessage

_Call = master_pb2.Call
_ABOUT_RESOURCES: Final = {
    "/reserve": ("RESERVE_RESOURCES", "resources"),
    "/unreserve": ("UNRESERVE_RESOURCES", "resources"),
    "/create-volumes": ("CREATE_VOLUMES", "volumes"),
    "/destroy-volumes": ("DESTROY_VOLUMES", "volumes"),
}
"""The call that says the same, and what of the form is its list of resources."""


class OperatorForms:
    def __init__(self, doorkeeper: Doorkeeper, orders: OperatorOrders) -> None:
        self._doorkeeper = doorkeeper
        self._orders = orders

    def mount(self, app: web.Application) -> None:
        add_endpoint(app, "/teardown", refusals_answered(self._tear_down))
        for path, (call, listed) in _ABOUT_RESOURCES.items():
            add_endpoint(app, path, refusals_answered(self._converting(call, listed)))

    async def _tear_down(self, request: web.Request) -> web.Response:
        reign, form = await self._asked(request)
        framework_id = _value(form, "frameworkId")
        note_order(request, "TEARDOWN")
        await self._orders.tear_down(reign, framework_id)
        return web.Response(status=200)

    def _converting(self, call_name: str, listed: str) -> Handler:
        async def convert(request: web.Request) -> web.Response:
            reign, form = await self._asked(request)
            agent_id, resources = _value(form, "slaveId"), _value(form, listed)
            note_order(request, call_name)
            return await self._orders.carry_out(
                reign, _call(call_name, agent_id, listed, resources)
            )

        return convert

    async def _asked(self, request: web.Request) -> tuple[Reign, Mapping[str, object]]:
        """Raises Redirect, Refusal."""
        reign = reign_or_redirect(self._doorkeeper, request)
        if request.method != "POST":
            raise Refusal(405, f"Expecting one of {{ 'POST' }}, but received '{request.method}'")
        try:
            async with asyncio.timeout(BODY_PATIENCE_S):
                return reign, await request.post()
        except TimeoutError:
            raise Refusal(408, "The form has not come in time") from None


def _value(form: Mapping[str, object], name: str) -> str:
    value = form.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(400, f"Missing '{name}' query parameter in the request body")
    return value


def _call(name: str, agent_id: str, listed: str, resources: str) -> master_pb2.Call:
    """
    Args:
        resources: a list of them in JSON.
    """
    try:
        body = {"agent_id": {"value": agent_id}, listed: json.loads(resources)}
        text = json.dumps({"type": name, name.lower(): body}).encode()
        return message_from_json(text, _Call)
    except (ValueError, RecursionError):
        raise Refusal(400, f"Error in parsing '{listed}' query parameter") from None
    except BadMessage as error:
        raise Refusal(400, f"Error in parsing '{listed}' query parameter: {error}") from None
