"""An executor on pymesos: each task writes one line, waits a little, and is reported finished."""

import json
import threading
import time
from base64 import b64decode
from pathlib import Path
from typing import Any

from pymesos import Executor, MesosExecutorDriver

LASTS_S = 0.2


class Writing(Executor):  # type: ignore[misc]
    def launchTask(self, driver: Any, task: Any) -> None:  # noqa: N802 - pymesos' name
        threading.Thread(target=self._run, args=(driver, task), daemon=True).start()

    def _run(self, driver: Any, task: Any) -> None:
        tell(driver, task, "TASK_RUNNING")
        line, ledger = json.loads(b64decode(task["data"]))
        with Path(ledger).open("a") as file:
            file.write(f"{line}\n")
        time.sleep(LASTS_S)  # As long as the work that it stands for.
        tell(driver, task, "TASK_FINISHED")


def tell(driver: Any, task: Any, state: str) -> None:
    status = {"task_id": task["task_id"], "state": state, "timestamp": time.time()}
    driver.sendStatusUpdate(status)


if __name__ == "__main__":
    driver = MesosExecutorDriver(Writing())
    driver.run()
