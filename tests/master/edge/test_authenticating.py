"""Who does not say who they are is asked, and who says it wrong is asked again."""

import asyncio
import base64

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client import CollectorRegistry

from master.edge.authenticating import Authentication, authenticate, principal_speaking
from master.edge.credentials import Credentials

KNOWN = Credentials({"alice": "s3cret"})


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def answered(path: str, header: str | None, method: str = "GET") -> tuple[int, str | None]:
    """Status, and the realm that is asked for or the principal that is known."""
    registry = CollectorRegistry()
    authentication = Authentication(KNOWN, registry)
    headers = {} if header is None else {"Authorization": header}
    request = make_mocked_request(method, path, headers)

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(text=principal_speaking() or "")

    async def ask() -> web.StreamResponse:
        response = await authentication.middleware(request, handler)
        assert principal_speaking() is None
        return response

    response = asyncio.run(ask())
    if response.status == 401:
        return 401, response.headers["WWW-Authenticate"]
    assert isinstance(response, web.Response)
    return response.status, response.text


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Bearer abc",
        basic("alice"),
        basic(":s3cret"),
        basic("alice:wrong"),
        basic("bob:s3cret"),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
    ],
)
def test_whoever_is_not_known_is_asked(header: str | None) -> None:
    assert answered("/state", header) == (401, 'Basic realm="mesos-master-readonly"')


@pytest.mark.parametrize(
    ("method", "path", "realm"),
    [
        ("GET", "/metrics", "readonly"),
        ("POST", "/api/v1", "readwrite"),
        ("POST", "/master/teardown", "readwrite"),
        ("POST", "/api/v1/scheduler", "scheduler"),
        ("POST", "/master/api/v1/scheduler/", "scheduler"),
        ("GET", "/healthy", "readonly"),
        ("GET", "/", "readonly"),
    ],
)
def test_each_realm_has_its_name(method: str, path: str, realm: str) -> None:
    assert answered(path, None, method) == (401, f'Basic realm="mesos-master-{realm}"')


@pytest.mark.parametrize("scheme", ["Basic", "basic"])
def test_who_is_known_is_served(scheme: str) -> None:
    header = basic("alice:s3cret").replace("Basic", scheme)
    assert answered("/state", header) == (200, "alice")


@pytest.mark.parametrize("path", ["/health", "/master/version", "/redirect", "/version/"])
def test_what_looks_for_a_master_has_no_name(path: str) -> None:
    assert answered(path, None) == (200, "")


@pytest.mark.parametrize(
    ("host", "credentials", "doors"),
    [
        ("127.0.0.1", None, None),
        ("127.0.0.1", KNOWN, None),
        ("10.0.0.1", None, "HTTP and gRPC"),
        ("0.0.0.0", KNOWN, "gRPC"),
    ],
)
def test_that_nobody_is_asked_is_said_where_others_can_come_in(
    host: str, credentials: Credentials | None, doors: str | None
) -> None:
    app = web.Application()
    with structlog.testing.capture_logs() as lines:
        authenticate(app, host, credentials, CollectorRegistry())
    warned = [line["doors"] for line in lines if line["event"] == "not_authenticated"]
    assert warned == ([] if doors is None else [doors])
    assert len(app.middlewares) == (0 if credentials is None else 1)
