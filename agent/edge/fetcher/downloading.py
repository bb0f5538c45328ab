"""http and https: bounded, patient only while bytes come, and sent nowhere that is refused."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector
from yarl import URL

from agent.edge.fetcher.addresses import AddressRefused, GuardedResolver, check_host
from agent.edge.fetcher.copying import PIECE_BYTES, CheckedWriter, check_length
from agent.edge.fetcher.rules import FetchFailed, FetchRules
from agent.edge.fetcher.stopping import Stop, run_stoppable
from trimast.model.uri import shown

REDIRECTS_MAX: Final = 10
_REDIRECTS: Final = {301, 302, 303, 307, 308}
_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "trimast-fetcher"}


class Downloader:
    def __init__(self, rules: FetchRules, pool: Executor) -> None:
        self._rules = rules
        self._pool = pool
        self._session: ClientSession | None = None

    async def download(self, source: str, writer: CheckedWriter) -> None:
        """All of it, hashed and counted. Raises FetchFailed, OSError."""
        url = None
        try:
            url = URL(source)
            for _ in range(REDIRECTS_MAX + 1):
                following = await self._get(url, writer)
                if following is None:
                    return
                url = following
        except TimeoutError:
            host = url.host if url is not None else ""
            raise FetchFailed(f"{host} sent nothing for {self._rules.stall_ms} ms") from None
        except (ClientError, ValueError) as error:
            raise FetchFailed(_reason(error)) from None
        raise FetchFailed(f"it was redirected more than {REDIRECTS_MAX} times")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _get(self, url: URL, writer: CheckedWriter) -> URL | None:
        """Where it has gone to; None if it was here."""
        self._check(url)
        async with self._opened().get(url, allow_redirects=False) as response:
            if response.status in _REDIRECTS:
                return _next(url, response)
            if response.status != 200:
                raise FetchFailed(f"{url.host} answered {response.status} {response.reason}")
            check_length(response.content_length or 0, self._rules.bytes_max)
            await self._receive(response, writer)
        return None

    def _check(self, url: URL) -> None:
        if url.scheme not in {"http", "https"} or not url.host:
            raise FetchFailed(f"it was redirected to {shown(str(url))}, which is not http or https")
        try:
            check_host(url.host, allow_loopback=self._rules.allow_loopback)
        except AddressRefused as refused:
            raise FetchFailed(str(refused)) from None

    async def _receive(self, response: ClientResponse, writer: CheckedWriter) -> None:
        stop = Stop()

        def write(data: bytes) -> Callable[[], None]:
            return lambda: writer.write(data)

        # In pieces that are worth a thread, whatever the network cuts them into.
        waiting = bytearray()
        async for data in response.content.iter_any():
            waiting += data
            check_length(writer.written + len(waiting), self._rules.bytes_max)
            if len(waiting) >= PIECE_BYTES:
                await run_stoppable(self._pool, stop, write(bytes(waiting)))
                waiting.clear()
        await run_stoppable(self._pool, stop, write(bytes(waiting)))
        writer.check()

    def _opened(self) -> ClientSession:
        if self._session is None:
            rules = self._rules
            stall_s = rules.stall_ms / 1000
            resolver = GuardedResolver(allow_loopback=rules.allow_loopback)
            self._session = ClientSession(
                connector=TCPConnector(
                    resolver=resolver, use_dns_cache=False, force_close=True, limit=0
                ),
                timeout=ClientTimeout(total=None, sock_connect=stall_s, sock_read=stall_s),
                auto_decompress=False,
                headers=_HEADERS,
                trust_env=False,
            )
        return self._session


def _next(url: URL, response: ClientResponse) -> URL:
    location = response.headers.get("Location")
    if not location:
        raise FetchFailed(f"{url.host} redirects it to nowhere")
    following = url.join(URL(location))
    if url.scheme == "https" and following.scheme == "http":
        raise FetchFailed(f"{url.host} redirects it from https to http")
    return following


def _reason(error: BaseException) -> str:
    """In our own words if we refused, else in theirs."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, AddressRefused):
            return str(seen)
        seen = seen.__cause__
    if isinstance(error, asyncio.TimeoutError):
        return "it takes too long"
    return str(error) or type(error).__name__
