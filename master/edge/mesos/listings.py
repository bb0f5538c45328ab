"""The older endpoints of Mesos that show what the leader knows, and `/flags` of any master."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Final

from aiohttp import web

from master.edge.doors import Doorkeeper
from master.edge.leadership import Reign
from master.edge.mesos.about import About
from master.edge.mesos.answering import json_answer, refusals_answered
from master.edge.mesos.leading import NO_LEADER, confirmed_reign
from master.edge.mesos.paths import Handler, add_endpoint
from master.views.mesos.json_pieces import Pieces
from master.views.mesos.pages import (
    agents_page,
    frameworks_page,
    roles_page,
    state_page,
    summary_page,
    tasks_page,
)
from master.views.mesos.tasks import LIMIT_DEFAULT, TaskQuery
from master.views.picture import Picture, take_picture
from trimast.edge.mesos_http import Refusal
from trimast.edge.page_answers import text_answer
from trimast.edge.rendering import Renderer
from trimast.model.ids import AgentId, FrameworkId, TaskId

_NUMBER_MAX: Final = 2**63 - 1

_Listing = tuple[Hashable, Callable[[Picture], Pieces]]
"""Which it is, and what makes it."""
Page = Callable[[web.Request, Reign], _Listing]


class Listings:
    def __init__(self, doorkeeper: Doorkeeper, about: About, renderer: Renderer) -> None:
        self._doorkeeper = doorkeeper
        self._about = about
        self._renderer = renderer

    def mount(self, app: web.Application) -> None:
        pages: dict[str, Page] = {
            "/state": self._state,
            "/state-summary": self._summary,
            "/slaves": _agents,
            "/frameworks": _frameworks,
            "/tasks": _tasks,
            "/roles": _roles,
        }
        for path, page in pages.items():
            add_endpoint(app, path, refusals_answered(self._answering(page)))
        add_endpoint(app, "/flags", refusals_answered(self._flags))

    def _answering(self, page: Page) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            reign = await confirmed_reign(self._doorkeeper, request)
            key, pieces = page(request, reign)

            def begin() -> Iterator[bytes]:
                # When it is its turn: who else asks meanwhile wants what is true then.
                if self._doorkeeper.leadership.reign is not reign:
                    raise Refusal(503, NO_LEADER)
                return (piece.encode("ascii") for piece in pieces(take_picture(reign.state)))

            body = await self._renderer.render(key, begin)
            return await text_answer(request, body)

        return answer

    async def _flags(self, request: web.Request) -> web.StreamResponse:
        return await json_answer(request, {"flags": self._about.flags})

    def _state(self, _request: web.Request, reign: Reign) -> _Listing:
        return "state", lambda picture: state_page(picture, self._about.master(reign))

    def _summary(self, _request: web.Request, reign: Reign) -> _Listing:
        return "summary", lambda picture: summary_page(picture, self._about.master(reign))


def _agents(request: web.Request, _reign: Reign) -> _Listing:
    agent_id = AgentId(request.query.get("slave_id", "")) or None
    return ("slaves", agent_id), lambda picture: agents_page(picture, agent_id)


def _frameworks(request: web.Request, _reign: Reign) -> _Listing:
    framework_id = FrameworkId(request.query.get("framework_id", "")) or None
    return ("frameworks", framework_id), lambda picture: frameworks_page(picture, framework_id)


def _roles(_request: web.Request, _reign: Reign) -> _Listing:
    return "roles", roles_page


def _tasks(request: web.Request, _reign: Reign) -> _Listing:
    query = task_query(request.query)
    return query, lambda picture: tasks_page(picture, query)


def task_query(query: Mapping[str, str]) -> TaskQuery:
    """Raises Refusal."""
    limit = _number(query, "limit", LIMIT_DEFAULT)
    order = query.get("order", "des")
    if order not in {"asc", "des"}:
        raise Refusal(400, "order must be asc or des")
    return TaskQuery(
        framework_id=FrameworkId(query.get("framework_id", "")) or None,
        task_id=TaskId(query.get("task_id", "")) or None,
        limit=None if limit == -1 else limit,
        offset=max(0, _number(query, "offset", 0)),
        oldest_first=order == "asc",
    )


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    """-1 is what clients of Mesos write for "as many as there are"."""
    text = query.get(name, "")
    if not text:
        return default
    if text == "-1":
        return -1
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= _NUMBER_MAX):
        raise Refusal(400, f"{name} must be a whole number from -1 to {_NUMBER_MAX}")
    return int(text)
