"""A framework on pymesos: `python a_scheduler.py MASTER COUNT LEDGER EXECUTOR`.

Runs so many tasks, every other one by an executor that is on pymesos too. What it hears it prints,
one JSON object a line. A launch that never came to a master is repeated under another id: the
masters say that they do not know the first one.
"""

import json
import shlex
import sys
import threading
from base64 import b64encode
from http.client import HTTPException
from typing import Any

from pymesos import MesosSchedulerDriver, Scheduler

AT_ONCE_MAX = 8
ENDS = {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR"}
NEVER_RAN = {"TASK_UNKNOWN", "TASK_LOST", "TASK_DROPPED", "TASK_GONE"}
CUT_OFF = (RuntimeError, OSError, HTTPException)
"""What pymesos raises from a call while no leader is there, or a new one is not known yet."""


def say(kind: str, **fields: object) -> None:
    print(json.dumps({"kind": kind, **fields}), flush=True)


class Counting(Scheduler):  # type: ignore[misc]
    def __init__(self, count: int, ledger: str, executor: str) -> None:
        self._ledger = ledger
        self._executor = executor
        self._to_launch = [f"t{number}" for number in range(count)]
        self._tries = 0
        self._open: dict[str, str] = {}
        self._ended: set[str] = set()
        self._left = count
        self._lock = threading.Lock()
        self.done = threading.Event()

    def registered(self, driver: Any, framework_id: Any, master: Any) -> None:
        say(
            "registered",
            framework_id=framework_id["value"],
            master=f"{master['hostname']}:{master['port']}",
        )
        self._ask_about_open(driver)

    def reregistered(self, driver: Any, master: Any) -> None:
        say("reregistered", master=f"{master['hostname']}:{master['port']}")
        self._ask_about_open(driver)

    def disconnected(self, driver: Any) -> None:
        say("disconnected")

    def error(self, driver: Any, message: str) -> None:
        say("error", message=message)

    def resourceOffers(self, driver: Any, offers: Any) -> None:  # noqa: N802 - pymesos' name
        for offer in offers:
            with self._lock:
                free = max(0, AT_ONCE_MAX - len(self._open))
                names, self._to_launch = self._to_launch[:free], self._to_launch[free:]
                tasks = [self._task(name, offer["agent_id"]) for name in names]
            try:
                driver.launchTasks(offer["id"], tasks, {"refuse_seconds": 0.1})
            except CUT_OFF as failure:
                say("cut_off", failure=repr(failure))

    def statusUpdate(self, driver: Any, update: Any) -> None:  # noqa: N802 - pymesos' name
        task_id, state = update["task_id"]["value"], update["state"]
        say("update", task_id=task_id, state=state, uuid=update.get("uuid"))
        with self._lock:
            if state in ENDS and task_id not in self._ended:
                self._ended.add(task_id)
                del self._open[task_id]
                self._left -= 1
            elif state in NEVER_RAN and task_id in self._open:
                self._to_launch.append(self._open.pop(task_id))
        try:
            driver.acknowledgeStatusUpdate(update)
        except CUT_OFF as failure:
            say("cut_off", failure=repr(failure))
        if self._left == 0:
            self.done.set()

    def _ask_about_open(self, driver: Any) -> None:
        tasks = [{"task_id": {"value": task_id}} for task_id in self._open]
        try:
            if tasks:
                driver.reconcileTasks(tasks)
        except CUT_OFF as failure:
            say("cut_off", failure=repr(failure))

    def _task(self, name: str, agent_id: Any) -> dict[str, Any]:
        self._tries += 1
        task_id = f"{name}-{self._tries}"
        self._open[task_id] = name
        task: dict[str, Any] = {
            "task_id": {"value": task_id},
            "agent_id": agent_id,
            "name": name,
            "resources": resources(cpus=0.05, mem=16),
        }
        if int(name[1:]) % 2:
            line = f"{name} by a command"
            task["command"] = {"value": f"echo {line} >> {shlex.quote(self._ledger)}; sleep 0.2"}
        else:
            line = f"{name} by an executor"
            task["data"] = b64encode(json.dumps([line, self._ledger]).encode()).decode()
            task["executor"] = {
                "executor_id": {"value": "by-pymesos"},
                "name": "by pymesos",
                "command": {"value": self._executor},
                "resources": resources(cpus=0.05, mem=32),
            }
        return task


def resources(**amounts: float) -> list[dict[str, Any]]:
    return [
        {"name": name, "type": "SCALAR", "scalar": {"value": amount}}
        for name, amount in amounts.items()
    ]


def main() -> None:
    master, count, ledger, executor = sys.argv[1:]
    scheduler = Counting(int(count), ledger, executor)
    framework = {"user": "root", "name": "pymesos", "checkpoint": True, "failover_timeout": 60}
    framework["capabilities"] = [{"type": "PARTITION_AWARE"}]
    driver = MesosSchedulerDriver(scheduler, framework, master, implicit_acknowledgements=False)
    driver.start()
    while not scheduler.done.wait(timeout=0.1):
        if driver.aborted:
            sys.exit("the driver gave up")
    driver.stop()
    driver.join()


if __name__ == "__main__":
    main()
