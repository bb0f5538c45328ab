"""`GET /version`, of every master: whose API this is, as clients of Mesos ask before all else."""

from importlib.metadata import PackageNotFoundError, version

from aiohttp import web

from master.edge.master_info import MESOS_VERSION


def add_version(app: web.Application) -> None:
    answer = {
        "version": MESOS_VERSION,
        "build_date": "",
        "build_time": 0.0,
        "build_user": "",
        "trimast_version": _own(),
    }

    async def show(_request: web.Request) -> web.Response:
        return web.json_response(answer)

    for path in ("/version", "/master/version"):
        app.router.add_route("*", path, show)


def _own() -> str:
    try:
        return version("trimast")
    except PackageNotFoundError:
        return "0"  # Run from a checkout.
