"""podman, as far as an agent speaks with it: does it work, has it images, how did containers end?

Containers are started by the launcher, not from here.
"""

import asyncio
import contextlib
import json
import os
import shutil
from dataclasses import dataclass
from typing import Any, Final

from agent.edge.containerizer.command_line import PATH
from agent.edge.containerizer.podman_command import LABEL_LAUNCH, LABEL_OWNER
from agent.edge.containerizer.podman_rules import PodmanRules
from agent.isolation.image_pull import ImagePull

ANSWER_TIMEOUT_S: Final = 60.0
_PASSED_ON: Final = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "XDG_RUNTIME_DIR",
    "CONTAINERS_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINERS_REGISTRIES_CONF",
    "REGISTRY_AUTH_FILE",
)
"""Of the agent's own environment: what an operator sets to configure podman."""


class PodmanFailed(Exception):
    """Says which of its commands, and in what words."""


@dataclass(frozen=True, slots=True)
class ContainerState:
    """
    Attributes:
        has_run: it was started, whatever came of that.
        exit_code: None while it runs.
        is_oom: the kernel has ended one of its processes because of its memory limit.
    """

    has_run: bool
    exit_code: int | None
    is_oom: bool


class Podman:
    def __init__(self, rules: PodmanRules) -> None:
        self._rules = rules
        self._pulls: dict[str, asyncio.Lock] = {}
        self._is_known_good = False

    def program(self) -> str:
        """Its path. Raises PodmanFailed."""
        if not self._rules.program:
            raise PodmanFailed("this agent is not to use podman, which runs images: see --podman")
        path = shutil.which(self._rules.program, path=environment()["PATH"])
        if path is None:
            raise PodmanFailed(
                f"{self._rules.program} is not on this machine, and it is what runs images:"
                " install podman, or name it with --podman"
            )
        return path

    async def check(self) -> None:
        """Whether it works; asked until it once did. Raises PodmanFailed."""
        self.program()
        if not self._is_known_good:
            await self._call("info", "--format={{.Host.OCIRuntime.Name}}")
            self._is_known_good = True

    async def version(self) -> str:
        """Raises PodmanFailed."""
        return (await self._call("version", "--format={{.Client.Version}}")).strip()

    async def provide(self, image: str, *, always: bool) -> None:
        """The machine has it. Raises PodmanFailed."""
        pull = self._rules.pull
        # Many tasks of one image need it once.
        async with self._pulls.setdefault(image, asyncio.Lock()):
            if pull is ImagePull.NEVER or not (always or pull is ImagePull.ALWAYS):
                if await self._has(image):
                    return
                if pull is ImagePull.NEVER:
                    raise PodmanFailed(
                        f"image {image} is not on this machine, and this agent pulls none:"
                        " see its --image-pull"
                    )
            await self._call("pull", "--quiet", image, timeout_s=self._rules.pull_timeout_ms / 1000)

    async def _has(self, image: str) -> bool:
        code, _, errors = await self._run("image", "exists", image)
        if code not in {0, 1}:
            raise PodmanFailed(f"podman image exists {image}: {_last_line(errors)}")
        return code == 0

    async def inspect(self, name: str) -> ContainerState | None:
        """None if there is no such container. Raises PodmanFailed."""
        code, output, errors = await self._run("container", "inspect", name)
        if code != 0:
            exists, _, _ = await self._run("container", "exists", name)
            if exists == 1:
                return None
            raise PodmanFailed(f"podman container inspect: {_last_line(errors)}")
        try:
            [said] = json.loads(output)
            return _state_of(said["State"])
        except (ValueError, TypeError, KeyError) as error:
            raise PodmanFailed(f"podman container inspect says {output[:80]!r}: {error}") from None

    async def remove(self, name: str) -> None:
        """With all its processes, at once; nothing happens if it is gone. Raises PodmanFailed."""
        await self._call("rm", "--force", "--time=0", "--ignore", "--volumes", name)

    async def signal(self, name: str, signal_name: str) -> None:
        """Raises PodmanFailed."""
        await self._call("kill", f"--signal={signal_name}", name)

    async def pause(self, name: str, *, paused: bool) -> None:
        """Raises PodmanFailed."""
        await self._call("pause" if paused else "unpause", name)

    async def containers_of(self, owner: str) -> dict[str, str]:
        """The launch of each container, by its name. Raises PodmanFailed."""
        output = await self._call(
            "ps", "--all", f"--filter=label={LABEL_OWNER}={owner}", "--format=json"
        )
        try:
            listed: list[Any] = json.loads(output or "[]") or []
            return {c["Names"][0]: c["Labels"].get(LABEL_LAUNCH, "") for c in listed}
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise PodmanFailed(f"podman ps says {output[:80]!r}: {error}") from None

    async def _call(self, *words: str, timeout_s: float = ANSWER_TIMEOUT_S) -> str:
        code, output, errors = await self._run(*words, timeout_s=timeout_s)
        if code != 0:
            raise PodmanFailed(f"podman {_named(words)}: {_last_line(errors) or f'exit {code}'}")
        return output

    async def _run(self, *words: str, timeout_s: float = ANSWER_TIMEOUT_S) -> tuple[int, str, str]:
        program = self.program()
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                *self._rules.args,
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise PodmanFailed(f"{program} cannot be run: {error.strerror}") from None
        try:
            async with asyncio.timeout(timeout_s):
                output, errors = await process.communicate()
        except TimeoutError:
            raise PodmanFailed(
                f"podman {_named(words)} has not answered in {timeout_s:g} s"
            ) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, 9)
                await process.wait()
        assert process.returncode is not None
        return (
            process.returncode,
            output.decode("utf-8", "replace"),
            errors.decode("utf-8", "replace"),
        )


def environment() -> dict[str, str]:
    """For podman itself; what a task names is not in it."""
    own = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    path = os.environ.get("PATH", PATH)
    return {"PATH": path, "HOME": os.environ.get("HOME") or "/root", **own}


def _state_of(state: Any) -> ContainerState:
    is_over = state["Status"] in {"exited", "stopped"}
    has_run = not str(state["StartedAt"]).startswith("0001-")
    is_oom = bool(state.get("OOMKilled", False))
    return ContainerState(has_run, int(state["ExitCode"]) if is_over else None, is_oom)


def _named(words: tuple[str, ...]) -> str:
    return " ".join(word for word in words if not word.startswith("-"))


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].removeprefix("Error: ")[:500] if lines else ""
