"""`python -m agent.launcher FOLDER IDLE_SECONDS [ROOT]`: started by an agent, and by nobody else.

ROOT is where its cgroups go, below wherever they are mounted; without it there are none.
Writes one byte to standard output once agents can connect.
"""

import os
import resource
import signal
import sys

from agent.launcher.cgroups.finding import find_groups
from agent.launcher.holding import Holder
from agent.launcher.journal import Journal
from agent.launcher.listening import AnotherLauncher, listen, lock_folder
from agent.launcher.said import say
from agent.launcher.serving import Launcher
from agent.launcher.spawning import UMASK

FAILED = 1
ANOTHER = 75


def main(folder: str, idle_s: float, root: str = "") -> int:
    # Who stops the agent, or closes its terminal, does not mean this one.
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    # Nothing of the agent's is for its tasks, whoever opened it there; nor is how it makes files.
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    os.umask(UMASK)
    try:
        lock_folder(folder)
        journal = Journal(folder)
        listener = listen(folder)
        os.chdir("/")
        groups = find_groups(root)
        say(
            "launcher_started",
            pid=os.getpid(),
            launches=len(journal.launches),
            isolation=groups.kind,
            why=groups.why,
        )
        for place in journal.damage:
            say("record_damaged", where=place)
        _say_ready()
        Launcher(listener, journal, Holder(groups), idle_s=idle_s).serve()
    except AnotherLauncher:
        return ANOTHER
    except OSError as error:
        # What is on disk after a failed fsync nobody knows. The tasks run on, and the next
        # launcher finds them by what is there.
        say("launcher_failed", error=str(error))
        return FAILED
    say("launcher_ended")
    return 0


def _say_ready() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.write(1, b"!")
    os.dup2(nothing, 1)
    os.close(nothing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), *sys.argv[3:4]))
