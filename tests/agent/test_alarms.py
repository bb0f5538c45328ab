from hypothesis import given
from hypothesis import strategies as st

from agent.alarms import Alarm, AlarmKind, Alarms
from tests.agent.one_agent import KEY, OTHER

A, B = Alarm(AlarmKind.RESEND, KEY), Alarm(AlarmKind.RESEND, OTHER)


def test_what_is_due_comes_earliest_first_and_once() -> None:
    alarms = Alarms()
    alarms.set(A, 20)
    alarms.set(B, 10)
    assert alarms.next_ms() == 10
    assert alarms.pop_due(9) == []
    assert alarms.pop_due(20) == [B, A]
    assert (alarms.pop_due(20), alarms.next_ms()) == ([], None)


def test_set_again_only_the_new_time_counts() -> None:
    alarms = Alarms()
    alarms.set(A, 10)
    alarms.set(A, 30)
    assert alarms.pop_due(29) == []
    assert alarms.pop_due(30) == [A]


def test_a_cancelled_alarm_does_not_ring() -> None:
    alarms = Alarms()
    alarms.set(A, 10)
    alarms.cancel(A)
    assert (alarms.next_ms(), alarms.is_set(A)) == (None, False)


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.none() | st.integers(0, 9))))
def test_it_is_what_a_plain_dictionary_would_say(
    steps: list[tuple[Alarm, int | None]],
) -> None:
    alarms, plain = Alarms(), dict[Alarm, int]()
    for alarm, at_ms in steps:
        if at_ms is None:
            alarms.cancel(alarm)
            plain.pop(alarm, None)
        else:
            alarms.set(alarm, at_ms)
            plain[alarm] = at_ms
        assert alarms.next_ms() == min(plain.values(), default=None)
    assert sorted(alarms.pop_due(5)) == sorted(a for a, at_ms in plain.items() if at_ms <= 5)
