"""Ports that nobody has, and nobody is given by chance."""

import socket
from pathlib import Path
from random import Random

from trimast.cli.local_cluster.free_ports import free_ports, is_free


def test_ports_are_different_free_and_below_those_of_outgoing_connections() -> None:
    text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
    ports = free_ports(20, Random(1))
    assert len(set(ports)) == 20
    assert max(ports) < max(11_000, int(text.split()[0]))
    assert not set(free_ports(5, Random(1), taken=ports)) & set(ports)


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not is_free(server.getsockname()[1])
