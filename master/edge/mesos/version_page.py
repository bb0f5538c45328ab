"""`GET /version`, of every master: whose API this is, as clients of Mesos ask before all else."""

from aiohttp import web

from master.edge.mesos.about import VERSION_INFO, trimast_version
from master.edge.mesos.answering import json_answer, refusals_answered
from master.edge.mesos.paths import add_endpoint


def add_version(app: web.Application) -> None:
    answer = {**VERSION_INFO, "trimast_version": trimast_version()}

    async def show(request: web.Request) -> web.StreamResponse:
        return await json_answer(request, answer)

    add_endpoint(app, "/version", refusals_answered(show))
