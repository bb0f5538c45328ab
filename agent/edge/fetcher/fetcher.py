"""Has a task's uris in its sandbox before it starts."""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import structlog

from agent.edge.fetcher.cache import FetchCache
from agent.edge.fetcher.copying import CheckedWriter, copy
from agent.edge.fetcher.downloading import Downloader
from agent.edge.fetcher.fetch_metrics import FetchMetrics, FetchResult
from agent.edge.fetcher.local_files import open_local
from agent.edge.fetcher.rules import FetchFailed, FetchRules
from agent.edge.fetcher.sandbox_tree import Owner, SandboxTree
from agent.edge.fetcher.stopping import Stop, run_stoppable
from agent.edge.fetcher.unpacking import unpack
from trimast.model.uri import Uri, shown

log = structlog.get_logger()

THREADS: Final = 4
_EXECUTABLE: Final = 0o755


class Fetcher:
    """
    Args:
        folder: for its cache and for what it needs while it unpacks; is emptied by `open`.
    """

    def __init__(self, folder: Path, rules: FetchRules, metrics: FetchMetrics) -> None:
        self._rules = rules
        self._metrics = metrics
        self._scratch = folder / "scratch"
        self._cache = FetchCache(folder / "cache", rules.cache_bytes_max, metrics)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="fetch")
        self._downloader = Downloader(rules, self._pool)
        self._slots = asyncio.Semaphore(rules.parallel_max)

    def open(self) -> None:
        """Raises OSError."""
        self._cache.open()
        self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def close(self) -> None:
        """Called when nobody waits for a `fetch` any more."""
        await self._downloader.close()
        self._pool.shutdown()

    async def fetch(self, uris: tuple[Uri, ...], sandbox: Path, owner: Owner | None) -> None:
        """One after the other, as they stand. Cancelled, it ends soon, and leaves what it has.

        Raises:
            FetchFailed: names the uri, and says why.
        """
        begin_s = time.monotonic()
        result = FetchResult.GIVEN_UP
        self._metrics.under_way.inc()
        try:
            async with self._slots:
                await self._fetch_all(uris, sandbox, owner)
            result = FetchResult.FETCHED
            self._metrics.seconds.observe(time.monotonic() - begin_s)
        except FetchFailed:
            result = FetchResult.FAILED
            raise
        finally:
            self._metrics.under_way.dec()
            self._metrics.results.labels(result).inc()

    async def _fetch_all(self, uris: tuple[Uri, ...], sandbox: Path, owner: Owner | None) -> None:
        uri = uris[0]
        tree = SandboxTree(sandbox, owner)
        try:
            async with asyncio.timeout(self._rules.timeout_ms / 1000):
                for uri in uris:
                    await self._fetch(uri, tree)
        except FetchFailed as error:
            raise FetchFailed(f"cannot fetch {shown(uri.value)}: {error}") from None
        except TimeoutError:
            why = f"all of it took longer than {self._rules.timeout_ms} ms"
            raise FetchFailed(f"cannot fetch {shown(uri.value)}: {why}") from None
        except OSError as error:
            raise FetchFailed(f"cannot fetch {shown(uri.value)}: {error.strerror}") from None
        finally:
            tree.close()

    async def _fetch(self, uri: Uri, tree: SandboxTree) -> None:
        """Raises FetchFailed, OSError."""
        kind = uri.archive_kind
        if not uri.cache:
            target = tree.file(uri.path, _EXECUTABLE if uri.executable else 0o644)
            try:
                await self._fill(uri, target)
            finally:
                os.close(target)
            if kind is not None:
                await self._unpack(uri, tree.read(uri.path), tree)
            return
        key = f"{uri.source}\n{uri.checksum}"
        cached = await self._cache.get(key, lambda file: self._fill(uri, file))
        if kind is not None:
            await self._unpack(uri, cached, tree)
        else:
            await self._place(uri, cached, tree)

    async def _fill(self, uri: Uri, target: int) -> None:
        bytes_max = self._rules.bytes_max
        writer = CheckedWriter(target, bytes_max=bytes_max, checksum=uri.checksum)
        if uri.source.partition(":")[0].lower() in {"http", "https"}:
            await self._downloader.download(uri.source, writer)
        else:
            stop = Stop()
            source = open_local(uri.source, self._rules.file_roots)
            try:
                await run_stoppable(self._pool, stop, lambda: copy(source, writer, stop))
            finally:
                os.close(source)
        self._metrics.bytes.inc(writer.written)

    async def _place(self, uri: Uri, source: int, tree: SandboxTree) -> None:
        """A copy of what is in the cache: the task may change its own."""
        stop = Stop()

        def work() -> None:
            target = tree.file(uri.path, _EXECUTABLE if uri.executable else 0o644)
            try:
                copy(source, CheckedWriter(target, bytes_max=2**63, checksum=None), stop)
            finally:
                os.close(target)

        try:
            await run_stoppable(self._pool, stop, work)
        finally:
            os.close(source)

    async def _unpack(self, uri: Uri, source: int, tree: SandboxTree) -> None:
        stop = Stop()
        kind = uri.archive_kind
        assert kind is not None

        def work() -> None:
            unpack(
                source,
                kind,
                uri.path,
                tree,
                rules=self._rules,
                scratch=self._scratch,
                stop=stop,
            )

        try:
            await run_stoppable(self._pool, stop, work)
        finally:
            os.close(source)
