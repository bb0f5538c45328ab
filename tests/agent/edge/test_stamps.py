from agent.edge.stamps import RealStamps


def test_no_two_reports_have_the_same_uuid_of_16_bytes() -> None:
    uuids = [RealStamps().report_uuid() for _ in range(100)]
    assert len(set(uuids)) == 100
    assert {len(uuid) for uuid in uuids} == {16}


def test_the_time_of_day_is_in_milliseconds() -> None:
    assert RealStamps().wall_ms() > 1_700_000_000_000
