"""The launcher's journal: any cut, any flipped bit; what is sound is gone on with."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.launcher.journal import NAME, Journal, began, forgotten, marked, over
from agent.launcher.launch import ENDED, FAILED, RUNNING, VANISHED, Launch

FIRST = Launch("first", RUNNING, 11, 1, "boot", "/box")
SECOND = Launch("second", RUNNING, 12, 2, "boot", "/box")


def end(launch: Launch, phase: str = ENDED, **more: object) -> Launch:
    return replace(launch, phase=phase, **more)  # type: ignore[arg-type]


def written(folder: Path) -> bytes:
    """Four frames of one record each, and one of two."""
    journal = Journal(str(folder))
    journal.append([began(FIRST)])
    journal.append([began(SECOND)])
    journal.append([marked(replace(FIRST, mark="by_order"))])
    journal.append([over(end(FIRST, exit_code=3)), over(Launch("third", FAILED, why="no such"))])
    journal.append([forgotten("third")])
    journal.sync()
    journal.close()
    return (folder / NAME).read_bytes()


def read(folder: Path) -> tuple[dict[str, Launch], list[str]]:
    journal = Journal(str(folder))
    journal.close()
    return journal.launches, journal.damage


WHOLE = {"first": end(FIRST, exit_code=3, mark="by_order"), "second": SECOND}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    written(tmp_path)
    assert read(tmp_path) == (WHOLE, [])


def test_it_shrinks_to_what_still_matters(tmp_path: Path) -> None:
    written(tmp_path)
    journal = Journal(str(tmp_path), bytes_max=10)
    for number in range(50):
        journal.append([over(Launch(f"n{number}", VANISHED, why="launcher_died"))])
        journal.append([forgotten(f"n{number}")])
        journal.shrink(journal.launches)
    journal.close()
    assert (tmp_path / NAME).stat().st_size < 1000
    assert read(tmp_path) == (WHOLE, [])


def test_cut_anywhere_it_tells_of_a_moment_that_was(tmp_path: Path) -> None:
    data = written(tmp_path)
    moments: list[dict[str, Launch]] = []
    for length in range(len(data) + 1):
        (tmp_path / NAME).write_bytes(data[:length])
        launches, damage = read(tmp_path)
        assert damage == []
        assert launches == WHOLE or set(launches) <= {"first", "second", "third"}
        if launches not in moments:
            moments.append(launches)
        # And what was cut off is no hindrance to what comes next.
        journal = Journal(str(tmp_path))
        journal.append([began(Launch("next", RUNNING, 13, 3, "boot", ""))])
        journal.close()
        assert read(tmp_path)[0].keys() == launches.keys() | {"next"}
    assert moments[-1] == WHOLE
    assert len(moments) == 6


def test_any_flipped_bit_costs_one_frame_and_is_named(tmp_path: Path) -> None:
    data = written(tmp_path)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        folder = tmp_path / str(place)
        folder.mkdir()
        (folder / NAME).write_bytes(changed)
        launches, damage = read(folder)
        last_frame = place >= data.rindex(b"TJ1 ")
        if damage == []:
            # Only a last frame whose length has changed looks like one that was cut short.
            assert last_frame
            continue
        [where] = damage
        aside = where.partition(" at byte ")[0]
        assert Path(aside).read_bytes() == changed
        assert launches != WHOLE or place >= data.rindex(b"TJ1 ", 0, data.rindex(b"TJ1 "))
        assert launches.keys() <= {"first", "second", "third"}
        # What was read is what is there from now on, without damage.
        assert read(folder) == (launches, [])


@pytest.mark.parametrize(
    "payload", [b"[]", b'["what","x"]', b'["began","x",1]', b'["over","x","odd",0,0,""]', b"3"]
)
def test_a_frame_that_is_whole_but_not_understood_is_named(tmp_path: Path, payload: bytes) -> None:
    from agent.checkpoints.journal_format import frame

    data = written(tmp_path)
    (tmp_path / NAME).write_bytes(data + frame(payload))
    _launches, damage = read(tmp_path)
    assert damage == [f"{tmp_path / NAME}.damaged-1 at byte {len(data)}"]
