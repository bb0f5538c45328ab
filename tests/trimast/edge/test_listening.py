import errno

from trimast.edge.listening import CannotListen, reason_of


def test_it_says_where_what_for_and_why() -> None:
    error = CannotListen("HTTP", "127.0.0.1", 5050, reason_of(OSError(errno.EADDRINUSE, "x")))
    assert str(error) == "cannot listen on 127.0.0.1:5050 for HTTP: address already in use"
