"""Which calls of operators are understood: each has what it needs, and is built or says so."""

import pytest

from master.edge.mesos.operator_api import BODIES, BUILT, check
from protos.mesos.v1.master import master_pb2
from trimast.edge.mesos_http import Refusal

_Call = master_pb2.Call


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_a_call_without_its_body_is_refused(kind: "_Call.Type.ValueType") -> None:
    with pytest.raises(Refusal, match=f"Expecting '{BODIES[kind]}' to be present") as refusal:
        check(_Call(type=kind))
    assert refusal.value.status == 400


@pytest.mark.parametrize("kind", sorted(set(_Call.Type.values()) - BUILT - set(BODIES)))
def test_what_is_not_built_is_refused_by_name(kind: "_Call.Type.ValueType") -> None:
    with pytest.raises(Refusal, match=f"{_Call.Type.Name(kind)} calls are not supported") as no:
        check(_Call(type=kind))
    assert no.value.status == 501


@pytest.mark.parametrize("kind", sorted(BUILT - set(BODIES)))
def test_what_is_built_and_needs_nothing_more_is_understood(kind: "_Call.Type.ValueType") -> None:
    check(_Call(type=kind))


def test_what_must_be_in_the_body_is_missed_by_name() -> None:
    call = _Call(type=_Call.TEARDOWN)
    call.teardown.SetInParent()
    with pytest.raises(Refusal, match=r"Not initialized: .*framework_id"):
        check(call)
    call.teardown.framework_id.value = "f"
    check(call)
