"""The one door to pysyncobj: the release, byte for byte, that the engine was audited with.

Names of pysyncobj that are used anywhere, all of them through this file and `core.py`: the module
globals `createJournal` and `PIPE_NOTIFIER_ENABLED`, the methods `doTick`, `_applyCommand`,
`_isLeader` and `_getLeader`, the properties `raftCommitIndex`, `raftLastApplied` and
`raftCurrentTerm`, the private `__serializer`, `__raftLastApplied` and `__raftCommitIndex` for what
snapshots do, `_poller` for what is never polled, `__sendAppendEntries` and `__newAppendEntriesTime`
for what must not wait for a heartbeat, and the classes `Journal`, `Node` and `Transport` to derive
from.
"""

import hashlib
from pathlib import Path
from typing import Any, Final

from pysyncobj import SyncObj, SyncObjConf, syncobj
from pysyncobj.journal import Journal
from pysyncobj.node import Node
from pysyncobj.transport import Transport
from pysyncobj.version import VERSION

__all__ = [
    "NOT_SERIALIZING",
    "NO_OP",
    "VERSION",
    "Journal",
    "Node",
    "SyncObj",
    "SyncObjConf",
    "Transport",
    "prepare",
    "syncobj",
]

VERSION_PINNED: Final = "0.3.17"
SHA256_PINNED: Final = "e8bdf06797085d734df86e24ab4802fe87893dff77268565ec036f7ad4a1cfe4"
NO_OP: Final[int] = syncobj._COMMAND_TYPE.NO_OP
NOT_SERIALIZING: Final[int] = syncobj.SERIALIZER_STATE.NOT_SERIALIZING


class PysyncobjNotAudited(Exception):
    """Another pysyncobj is installed than the one whose defects the engine closes."""


def prepare() -> None:
    """Refuse any other pysyncobj, and open the two seams that it has no setting for."""
    path = Path(syncobj.__file__)
    found_sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if found_sha256 != SHA256_PINNED:
        raise PysyncobjNotAudited(
            f"{path} is release {VERSION} with sha256 {found_sha256}; the engine needs release "
            f"{VERSION_PINNED} with sha256 {SHA256_PINNED}. Audit and simulate before changing it."
        )
    # S3: its own journal never syncs. `journalFile` carries our journal instead of a file name.
    syncobj.createJournal = _our_journal
    # S7e: its pipe blocks after 65 536 proposals. We wake the loop ourselves.
    syncobj.PIPE_NOTIFIER_ENABLED = False


def _our_journal(journal: Any) -> Any:
    assert isinstance(journal, Journal), "only the write-ahead log is a journal here"
    return journal
