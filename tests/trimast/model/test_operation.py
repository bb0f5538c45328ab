import pytest

from trimast.framework.reserving import create_volume, destroy_volumes, reserve, unreserve
from trimast.model.operation import Operation, OperationKind, fault_of_operation
from trimast.model.resource_kind import plain
from trimast.model.resources import NOTHING, Resources

RESERVE = reserve("db", cpus=1, disk_mib=64)
CREATE = create_volume("db", "files", "data", disk_mib=64)
ALL = [RESERVE, CREATE, unreserve(RESERVE.resources), destroy_volumes(CREATE.resources)]


@pytest.mark.parametrize("operation", ALL, ids=lambda each: each.kind)
def test_there_is_as_much_afterwards_as_before(operation: Operation) -> None:
    assert plain(operation.consumed) == plain(operation.converted)
    assert operation.consumed != operation.converted
    assert fault_of_operation(operation) is None


def test_what_is_done_can_be_undone() -> None:
    for done, undone in ((RESERVE, ALL[2]), (CREATE, ALL[3])):
        assert (done.consumed, done.converted) == (undone.converted, undone.consumed)


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        (Operation(OperationKind.RESERVE, NOTHING), "names no resources"),
        (Operation(OperationKind.RESERVE, Resources.of({"cpus": 1})), "not reserved for a role"),
        (Operation(OperationKind.RESERVE, CREATE.resources), "is a persistent volume"),
        (Operation(OperationKind.CREATE, RESERVE.resources), "is no persistent volume"),
        (create_volume("db", "a/b", "data", disk_mib=1), "persistence ID is not fit"),
        (create_volume("db", "..", "data", disk_mib=1), "persistence ID is not fit"),
        (create_volume("db", "a", "/data", disk_mib=1), "relative to the sandbox"),
        (create_volume("db", "a", "x/../../y", disk_mib=1), "relative to the sandbox"),
        (create_volume("db", "a", "stdout", disk_mib=1), "for itself"),
        (
            Operation(
                OperationKind.CREATE,
                CREATE.resources + create_volume("db", "files", "b", disk_mib=1).resources,
            ),
            "names a persistence ID twice",
        ),
    ],
)
def test_what_cannot_be_done_is_named(operation: Operation, fault: str) -> None:
    assert fault in (fault_of_operation(operation) or "")
