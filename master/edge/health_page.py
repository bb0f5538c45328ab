"""`GET /health`: is this master up, does it lead, and how far is its log?"""

from aiohttp import web

from master.edge.doors import Doorkeeper
from master.edge.mesos.paths import add_endpoint
from master.edge.registry_log import RegistryLog


def add_health_page(
    app: web.Application, doorkeeper: Doorkeeper, registry_log: RegistryLog
) -> None:
    """Answers 200 as long as the process serves, leading or not: a follower is healthy too."""

    async def health(_request: web.Request) -> web.Response:
        status = doorkeeper.replicated_log.status()
        membership = doorkeeper.replicated_log.membership()
        return web.json_response(
            {
                "id": doorkeeper.directory.own_id,
                "leading": doorkeeper.leadership.reign is not None,
                "leader": status.leader_id,
                "term": status.term,
                "epoch": registry_log.state.epoch,
                "commit_index": status.commit_index,
                "applied_index": status.applied_index,
                "last_index": status.last_index,
                "configuration": membership.configuration.number,
                "votes": membership.is_voter,
            }
        )

    add_endpoint(app, "/health", health)
