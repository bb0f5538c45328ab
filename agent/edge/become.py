"""Run as a script by an agent: becomes another user, then the program that it is told to.

Not by the arguments of `subprocess`: with those it forks, and a fork of a process with the threads
of gRPC does not live long enough.
"""

import ctypes
import json
import os
import signal
import sys
from typing import Final, NoReturn

UMASK: Final = 0o022
NOT_FOUND: Final = 127
NOT_RUN: Final = 126
"""As shells have it."""
_SET_DEATH_SIGNAL: Final = 1


def main(orders: int, command: list[str]) -> NoReturn:
    """
    Args:
        orders: an open file of JSON: the environment to have, and as whom to run: uid, gid and
            other groups, or null to stay who this is. A task wrote the former, and it may say what
            is to be loaded into whatever is started with it: so it counts only for the program.
    """
    with open(orders, encoding="utf-8", errors="surrogateescape") as file:
        document = json.load(file)
    os.umask(UMASK)
    try:
        if document["user"] is not None:
            uid, gid, groups = document["user"]
            os.setgroups(groups)
            os.setregid(gid, gid)
            os.setreuid(uid, uid)
        # Else it would go on if its agent is killed, and nobody would know.
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        os.execvpe(command[0], command, document["environment"])
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode("utf-8", "replace"))
        os._exit(NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUN)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
