"""Who may not run anything, and what is not a command. Real commands: tests/integration."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from agent.edge.containerizer.beside import Besides
from agent.edge.exec_page import ExecPage, is_loopback
from agent.edge.sandbox.sandboxes import Sandboxes
from tests.agent.one_agent import agent_with_running_task
from trimast.edge.http_server import HttpServer, new_application

NO_BESIDES = Besides(lambda message: None, lambda: False)


def post(root: Path, path: str, *, is_allowed: bool, **headers: str) -> tuple[int, str]:
    state = agent_with_running_task().state
    boxes = Sandboxes(root, kept_max=9, age_max_ms=10**9)
    app = new_application()
    ExecPage(state, boxes, NO_BESIDES, is_allowed=is_allowed, count=print).add_to(app)

    async def main() -> tuple[int, str]:
        server = HttpServer(app, host="127.0.0.1", port=0)
        await server.start()
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(f"http://{server.address}{path}", headers=headers) as answer,
            ):
                return answer.status, await answer.text()
        finally:
            await server.stop()

    return asyncio.run(main())


def test_where_it_is_not_allowed_the_setting_is_named(tmp_path: Path) -> None:
    status, text = post(tmp_path, "/exec/f/t", is_allowed=False)
    assert status == 403
    assert "--allow-exec" in text


def test_a_page_of_a_browser_may_never(tmp_path: Path) -> None:
    status, text = post(tmp_path, "/exec/f/t", is_allowed=True, Origin="http://127.0.0.1:5051")
    assert (status, "browser" in text) == (403, True)


@pytest.mark.parametrize("path", ["/exec/f/t", "/exec/f/none", "/exec/../t"])
def test_only_beside_a_task_that_has_a_sandbox(tmp_path: Path, path: str) -> None:
    assert post(tmp_path, path, is_allowed=True)[0] == 404


@pytest.mark.parametrize(
    ("host", "is_it"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("h", False)],
)
def test_what_loopback_is(host: str, is_it: bool) -> None:
    assert is_loopback(host) == is_it
