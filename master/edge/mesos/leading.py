"""Where clients of Mesos find the leader: `/redirect`, and each call that a follower is asked."""

from typing import Final

from aiohttp import web

from master.edge.asking import answer_to
from master.edge.doors import Doorkeeper
from master.edge.leadership import Reign
from replication.replicated_log import ReadReady
from trimast.edge.mesos_http import Refusal

NO_LEADER: Final = "No leader elected"


class Redirect(Exception):
    """Attributes:
    location: without a scheme, as Mesos has it.
    """

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location

    def as_response(self) -> web.Response:
        return web.Response(status=307, headers={"Location": self.location})


def reign_or_redirect(doorkeeper: Doorkeeper, request: web.Request) -> Reign:
    """The present reign.

    Raises:
        Redirect: another master leads.
        Refusal: none does, or this one does not know all yet.
    """
    reign = doorkeeper.leadership.reign
    if reign is not None:
        return reign
    leader_id = doorkeeper.replicated_log.status().leader_id
    if leader_id == doorkeeper.directory.own_id:
        raise Refusal(503, "Master has not finished recovery")
    path = request.path_qs
    if not path.startswith("/master/"):
        path = "/master" + path
    raise Redirect(_leader(doorkeeper) + path)


async def confirmed_reign(doorkeeper: Doorkeeper, request: web.Request) -> Reign:
    """As above, once a quorum has said, after it was asked, that no other master leads."""
    reign = reign_or_redirect(doorkeeper, request)
    answer = await answer_to(doorkeeper.replicated_log.read)
    if not isinstance(answer, ReadReady) or doorkeeper.leadership.reign is not reign:
        raise Refusal(503, NO_LEADER)
    return reign


def add_redirect(app: web.Application, doorkeeper: Doorkeeper) -> None:
    """`GET /redirect`: where the leader is, also if that is this one."""

    async def redirect(_request: web.Request) -> web.Response:
        try:
            return Redirect(_leader(doorkeeper)).as_response()
        except Refusal as refusal:
            return refusal.as_response()

    for path in ("/redirect", "/redirect/", "/master/redirect", "/master/redirect/"):
        app.router.add_route("*", path, redirect)


def _leader(doorkeeper: Doorkeeper) -> str:
    leader_id = doorkeeper.replicated_log.status().leader_id
    leader = doorkeeper.directory.find(leader_id)
    if leader is None or not leader.http:
        raise Refusal(503, NO_LEADER)
    return f"//{leader.http}"
