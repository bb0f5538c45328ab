from trimast.edge.clock import monotonic_ms, wall_ms


def test_monotonic_time_does_not_go_back() -> None:
    assert monotonic_ms() <= monotonic_ms()


def test_wall_time_is_after_this_was_written() -> None:
    assert wall_ms() > 1_700_000_000_000
