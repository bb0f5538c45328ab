"""masters, agents, frameworks, tasks and offers: for people, and for programs."""

from protos.trimast.v1 import cluster_pb2
from tests.trimast.cli.command import trimast
from tests.trimast.framework.fake_master import FakeMaster, run


def test_masters_are_asked_one_by_one_and_the_dead_are_listed() -> None:
    async def story() -> None:
        async with FakeMaster("m1") as one, FakeMaster("m2", leads=False) as two:
            async with FakeMaster("m3", leads=False) as three:
                one.peers, two.peers = [two, three], [one, three]
            result = await trimast("masters", "--master", two.address, "--json")
        assert result.code == 0
        told = [(row["id"], row["state"], row["leading"], row["term"]) for row in result.document]
        assert told == [
            ("m1", "leading", True, 3),
            ("m2", "following", False, 3),
            ("m3", "unreachable", False, None),
        ]
        assert {"commit_index", "applied_index", "grpc", "http"} <= set(result.document[0])

    run(story())


def test_each_list_is_an_array_of_objects_with_id_and_state() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            cluster = master.cluster
            cluster.agents.append(cluster_pb2.AgentRow(id="a1", state="active", http="h:1"))
            cluster.frameworks.append(cluster_pb2.FrameworkRow(id="f1", state="active"))
            cluster.tasks.append(
                cluster_pb2.TaskRow(id="t1", state="failed", framework_id="f1", exit_code=7)
            )
            cluster.offers.append(cluster_pb2.OfferRow(id="o1", state="offered"))
            for noun, first, state in (
                ("agents", "a1", "active"),
                ("frameworks", "f1", "active"),
                ("tasks", "t1", "failed"),
                ("offers", "o1", "offered"),
            ):
                result = await trimast(noun, "--master", master.address, "--json")
                assert result.code == 0
                assert [(row["id"], row["state"]) for row in result.document] == [(first, state)]
            tasks = await trimast("tasks", "--master", master.address, "--framework", "f2")
            table = await trimast("tasks", "--master", master.address)
        assert (tasks.out, tasks.err) == ("", "no tasks; run one: trimast run -- echo hi\n")
        assert table.out.split()[:2] == ["id", "state"]
        assert "t1  failed" in table.out

    run(story())
