"""`POST /teardown` with `frameworkId=...`: ends a framework, as operators' scripts have it done."""

import asyncio

from aiohttp import web

from master.edge.doors import Doorkeeper
from master.edge.mesos.answering import refusals_answered
from master.edge.mesos.leading import reign_or_redirect
from master.edge.mesos.operator_orders import OperatorOrders, note_order
from master.edge.mesos.paths import add_endpoint
from trimast.edge.mesos_http import BODY_PATIENCE_S, Refusal


def add_teardown(app: web.Application, doorkeeper: Doorkeeper, orders: OperatorOrders) -> None:
    async def tear_down(request: web.Request) -> web.Response:
        reign = reign_or_redirect(doorkeeper, request)
        if request.method != "POST":
            raise Refusal(405, f"Expecting one of {{ 'POST' }}, but received '{request.method}'")
        try:
            async with asyncio.timeout(BODY_PATIENCE_S):
                form = await request.post()
        except TimeoutError:
            raise Refusal(408, "The form has not come in time") from None
        framework_id = form.get("frameworkId")
        if not isinstance(framework_id, str) or not framework_id:
            raise Refusal(400, "Missing 'frameworkId' query parameter in the request body")
        note_order(request, "TEARDOWN")
        await orders.tear_down(reign, framework_id)
        return web.Response(status=200)

    add_endpoint(app, "/teardown", refusals_answered(tear_down))
