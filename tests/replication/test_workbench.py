"""One job at a time, and each ends once."""

from collections.abc import Iterator

from replication.engine.workbench import Job, Workbench


def test_the_next_job_begins_when_the_one_before_has_ended() -> None:
    ended: list[object] = []

    def job(name: str) -> Job:
        def steps() -> Iterator[None]:
            yield

        return Job(name, steps(), lambda: ended.append(name), ended.append)

    bench, error = Workbench(), OSError("full")
    bench.add(job("first"))
    bench.add(job("second"))
    first = bench.take()
    assert first is not None
    assert bench.take() is None
    bench.ended(first, None)
    second = bench.take()
    assert second is not None
    bench.ended(second, error)
    assert bench.take() is None
    assert ended == ["first", error]
