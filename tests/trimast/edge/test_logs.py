import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from trimast.edge.logs import set_up_logs

EVIL = "x\n12:00:00.000Z info     agent_welcomed agent_id=me\x1b[2J"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


def logged(level: str = "info", *, as_json: bool = False) -> io.StringIO:
    text = io.StringIO()
    set_up_logs(level, as_json, to=text)
    return text


def test_a_line_is_a_name_then_fields() -> None:
    text = logged()
    structlog.get_logger().info("task_launched", task_id="t 1", fence=7)
    [line] = text.getvalue().splitlines()
    assert line.endswith("info     task_launched task_id='t 1' fence=7")


def test_as_json_a_line_is_an_object() -> None:
    text = logged(as_json=True)
    structlog.get_logger().info("task_launched", task_id="t", blob=b"\xff")
    entry = json.loads(text.getvalue())
    assert (entry["event"], entry["level"], entry["task_id"]) == ("task_launched", "info", "t")


@pytest.mark.parametrize("as_json", [False, True])
def test_no_value_can_forge_a_line(as_json: bool) -> None:
    text = logged(as_json=as_json)
    structlog.get_logger().info(EVIL, name=EVIL)
    logging.getLogger("grpc").error("%s", EVIL)
    try:
        raise ValueError(EVIL)
    except ValueError as error:
        structlog.get_logger().error("failed", exc_info=error)
    lines = text.getvalue().split("\n")
    assert not [line for line in lines if line.startswith("12:00:00")]
    assert "\x1b" not in text.getvalue()


def test_what_is_below_the_level_is_not_written() -> None:
    text = logged("warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("anything").info("quiet")
    assert text.getvalue() == ""


def test_libraries_log_the_same_way_and_only_what_matters() -> None:
    text = logged("info")
    logging.getLogger("aiohttp.server").info("chatter")
    logging.getLogger("aiohttp.server").warning("trouble with %s", "x")
    [line] = text.getvalue().splitlines()
    assert line.endswith("warning  trouble with x logger=aiohttp.server")
