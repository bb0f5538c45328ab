"""Asks an agent over HTTP; what goes wrong is told to the user."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from trimast.cli.failing import Failed

HTTP_TIMEOUT_S: Final = 10.0


@contextmanager
def asked(address: str, path: str, /, **query: str | int) -> Iterator[Any]:
    """The agent's answer, open for reading. Raises Failed.

    Args:
        path: quoted, where that is needed.
    """
    place = f"http://{address}{path}"
    if query:
        place += f"?{urlencode(query)}"
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(Request(place), timeout=HTTP_TIMEOUT_S) as response:
            yield response
    except HTTPError as error:
        raise Failed(f"the agent answered {error.code}: {detail_of(error)}") from error
    except (URLError, HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        raise Failed(f"the agent at {address} cannot be reached: {reason}") from error


def detail_of(error: HTTPError) -> str:
    text = error.read(2_000).decode(errors="replace").strip()
    try:
        document: Any = json.loads(text)
    except ValueError:
        return text or str(error.reason)
    return str(document.get("error", text)) if isinstance(document, dict) else text
