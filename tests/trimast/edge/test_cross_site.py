"""Pages of other sites do not reach a server through somebody's browser."""

import pytest

from trimast.edge.cross_site import fault_of

HERE = {"Host": "10.0.0.1:5050"}


@pytest.mark.parametrize(
    ("method", "headers", "fault"),
    [
        ("POST", {}, None),
        ("POST", {"Origin": "http://10.0.0.1:5050"}, None),
        ("POST", {"Origin": "http://evil.example"}, "Origin"),
        ("POST", {"Origin": "http://10.0.0.1:5051"}, "Origin"),
        ("POST", {"Origin": "null"}, "Origin"),
        ("GET", {"Sec-Fetch-Site": "same-origin"}, None),
        ("GET", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, None),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, None),
        ("POST", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, "Sec-Fetch-Site"),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, "Sec-Fetch-Site"),
    ],
)
def test_whose_page_it_is_shows_in_the_headers(
    method: str, headers: dict[str, str], fault: str | None
) -> None:
    assert fault_of(method, {**HERE, **headers}, is_local=False) == fault


@pytest.mark.parametrize(
    ("host", "fault"),
    [
        ("127.0.0.1:5050", None),
        ("localhost:5050", None),
        ("m1.localhost", None),
        ("master:5050", None),
        ("[::1]:5050", None),
        ("", None),
        ("evil.example:5050", "Host"),
        ("localhost.evil.example", "Host"),
    ],
)
def test_only_local_names_lead_to_what_only_this_machine_reaches(
    host: str, fault: str | None
) -> None:
    assert fault_of("GET", {"Host": host}, is_local=True) == fault
    assert fault_of("GET", {"Host": host}, is_local=False) is None
