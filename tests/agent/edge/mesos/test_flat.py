"""Resources as numbers and texts."""

from agent.edge.mesos.flat import flat_resources
from trimast.framework.reserving import reserve
from trimast.model.resources import Resources


def test_amounts_are_numbers_and_the_rest_is_text() -> None:
    resources = Resources.of(
        {"cpus": 1500, "mem": 64_000},
        {"ports": [(31000, 31005), (31010, 31010)]},
        {"zones": ["b", "a"]},
    )
    assert flat_resources(resources) == {
        "cpus": 1.5,
        "gpus": 0,
        "mem": 64.0,
        "disk": 0,
        "ports": "[31000-31005, 31010-31010]",
        "zones": "{a, b}",
    }


def test_what_is_reserved_counts_with_the_rest() -> None:
    resources = Resources.of({"cpus": 1000}) + reserve("db", cpus=0.5).resources
    assert flat_resources(resources)["cpus"] == 1.5
