"""A program that behaves like podman, as far as an agent uses it; run it as `podman`.

Its containers are processes of sessions of their own that a monitor watches, as conmon does: they
outlive `podman run`. What it knows of them is in $HOME/podman, a folder for each.

The image "good" is there, "far" can be pulled, "bad" cannot be run; "deaf" never begins.
"""

import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

HOME = Path(os.environ["HOME"]) / "podman"
VALUES = {"--root"}


def main(words: list[str]) -> int:
    HOME.mkdir(exist_ok=True)
    with (HOME / "calls").open("a") as calls:
        calls.write(json.dumps(words) + "\n")
    if (HOME / "broken").exists() and "run" not in words:
        return fail("podman is broken")
    while words[0].startswith("--"):
        del words[: 2 if words[0] in VALUES else 1]
    if words[0] in {"container", "image"}:
        words[:2] = [f"{words[0]}_{words[1]}"]
    options = [word for word in words[1:] if word.startswith("--")]
    names = [word for word in words[1:] if not word.startswith("--")]
    match words[0]:
        case "info" | "version":
            say("fake")
        case "image_exists":
            pulled = (HOME / "pulled").exists()
            return 0 if names[0] in {"good", "bad", "deaf"} or (names[0] == "far" and pulled) else 1
        case "pull":
            if names[0] not in {"good", "far"}:
                return fail(f"{names[0]}: no such image anywhere")
            if names[0] == "far":
                (HOME / "pulled").touch()
        case "run":
            return run(words[1:])
        case "container_exists":
            return 0 if (HOME / names[0]).exists() else 1
        case "container_inspect":
            return inspect(names[0])
        case "ps":
            wanted = options[1].removeprefix("--filter=label=")
            known = {path.name: labels_of(path) for path in HOME.iterdir() if path.is_dir()}
            owned = {n: found for n, found in known.items() if wanted in map("=".join, found)}
            say(json.dumps([{"Names": [n], "Labels": dict(f)} for n, f in owned.items()]))
        case "rm":
            remove(names[0])
        case "kill":
            signal_all(names[0], signal.SIGTERM)
        case "pause":
            signal_all(names[0], signal.SIGSTOP)
        case "unpause":
            signal_all(names[0], signal.SIGCONT)
        case other:
            return fail(f"unknown command {other}")
    return 0


def run(words: list[str]) -> int:
    given: dict[str, str] = {}
    labels: list[list[str]] = []
    entry: list[str] = []
    while words[0].startswith("--"):
        name, _, value = words.pop(0).partition("=")
        given[name] = value
        if name == "--label":
            labels.append(value.split("=", 1))
        if name == "--entrypoint":
            entry = [value]
    image, *arguments = words
    place = HOME / given["--name"]
    place.mkdir()
    (place / "labels").write_text(json.dumps(labels))
    if image == "bad":
        return fail("this image cannot be run", 125)
    if image == "deaf":
        time.sleep(60)
    if os.fork() == 0:
        os.setsid()
        monitor(place, [*entry, *arguments], Path(given["--pidfile"]))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: signal_all(place.name, number))
    while not (place / "exit").exists():
        if not place.exists():
            return 137  # It was removed.
        time.sleep(0.01)
    return int((place / "exit").read_text())


def monitor(place: Path, command: list[str], pid_file: Path) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        (place / "pid").write_text(str(os.getpid()))
        pid_file.with_suffix(".part").write_text(str(os.getpid()))
        pid_file.with_suffix(".part").rename(pid_file)
        os.execvp(command[0], command)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    with suppress(FileNotFoundError):
        (place / "part").write_text(str(code if code >= 0 else 128 - code))
        (place / "part").rename(place / "exit")
    os._exit(0)


def remove(name: str) -> None:
    signal_all(name, signal.SIGKILL)
    # At once: its monitor may be writing down how it ended, and would keep the folder alive.
    gone = HOME.parent / f"gone-{name}-{os.getpid()}"
    with suppress(FileNotFoundError):
        (HOME / name).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def inspect(name: str) -> int:
    place = HOME / name
    if not place.exists():
        return fail(f"no such container {name}")
    exited = (place / "exit").exists()
    state = {
        "Status": "exited" if exited else "running" if (place / "pid").exists() else "created",
        "StartedAt": "2026-01-01" if (place / "pid").exists() else "0001-01-01T00:00:00Z",
        "ExitCode": int((place / "exit").read_text()) if exited else 0,
        "OOMKilled": (HOME / "oom").exists(),
    }
    say(json.dumps([{"State": state}]))
    return 0


def labels_of(place: Path) -> list[list[str]]:
    labels: list[list[str]] = json.loads((place / "labels").read_text())
    return labels


def signal_all(name: str, number: int) -> None:
    with suppress(FileNotFoundError, ProcessLookupError):
        os.killpg(int((HOME / name / "pid").read_text()), number)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def fail(why: str, code: int = 125) -> int:
    sys.stderr.write(f"Error: {why}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
