"""Endpoints of Mesos that are not there yet: who asks for one is told so, by its name."""

from typing import Final

from aiohttp import web

from master.edge.doors import Doorkeeper
from master.edge.mesos.answering import refusals_answered
from master.edge.mesos.leading import reign_or_redirect
from master.edge.mesos.paths import Handler, add_endpoint
from trimast.edge.mesos_http import Refusal

NOT_BUILT: Final = (
    "/logging/toggle",
    "/machine/down",
    "/machine/up",
    "/maintenance/schedule",
    "/maintenance/status",
    "/quota",
    "/weights",
)
"""Of the leader."""
WITHOUT_FILES: Final = ("/files/browse", "/files/download", "/files/read")
NO_FILES: Final = "A master keeps no files that it shows: its log is its standard error"


def add_not_built(app: web.Application, doorkeeper: Doorkeeper) -> None:
    for path in NOT_BUILT:
        add_endpoint(app, path, refusals_answered(_refusing(doorkeeper, path)))

    async def no_files(_request: web.Request) -> web.StreamResponse:
        raise Refusal(404, NO_FILES)

    for path in WITHOUT_FILES:
        add_endpoint(app, path, refusals_answered(no_files))


def _refusing(doorkeeper: Doorkeeper, path: str) -> Handler:
    async def refuse(request: web.Request) -> web.StreamResponse:
        reign_or_redirect(doorkeeper, request)
        raise Refusal(501, f"{path} is not supported yet")

    return refuse
