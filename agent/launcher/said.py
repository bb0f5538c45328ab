"""The launcher's log: a line for each thing worth a line, on standard error."""

import json
import sys
import time


def say(event: str, **fields: object) -> None:
    line = {"event": event, "at": round(time.time(), 3), **fields}
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()
