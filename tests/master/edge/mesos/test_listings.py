"""Questions for tasks, as clients write them."""

import pytest

from master.edge.mesos.listings import task_query
from master.views.mesos.tasks import TaskQuery
from trimast.edge.mesos_http import Refusal
from trimast.model.ids import FrameworkId, TaskId


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ({}, TaskQuery()),
        ({"limit": "-1", "offset": "0"}, TaskQuery(limit=None)),
        (
            {"limit": "5", "offset": "10", "order": "asc"},
            TaskQuery(limit=5, offset=10, oldest_first=True),
        ),
        (
            {"framework_id": "f", "task_id": "t"},
            TaskQuery(framework_id=FrameworkId("f"), task_id=TaskId("t")),
        ),
        ({"limit": "", "framework_id": ""}, TaskQuery()),
    ],
)
def test_questions_are_understood(query: dict[str, str], meant: TaskQuery) -> None:
    assert task_query(query) == meant


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "many"},
        {"limit": "-2"},
        {"limit": "9" * 30},
        {"offset": "1.5"},
        {"limit": "\u0661"},
        {"order": "random"},
    ],
)
def test_what_makes_no_sense_is_named(query: dict[str, str]) -> None:
    with pytest.raises(Refusal, match=next(iter(query))) as refusal:
        task_query(query)
    assert refusal.value.status == 400
