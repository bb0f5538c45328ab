"""What was set is shown as text, as clients of Mesos expect flags to be."""

from pathlib import Path

from master.config import MasterConfig
from master.edge.mesos.about import flags_of


def test_every_setting_is_a_text() -> None:
    peers = ("m1=h:1/h:2/h:3", "m2=h:4/h:5/h:6")
    flags = flags_of(MasterConfig(data_dir=Path("/data"), peers=peers))
    assert flags["data_dir"] == "/data"
    assert flags["http_port"] == "5050"
    assert flags["peers"] == ",".join(peers)
    assert (flags["log_json"], flags["raft_tls_dir"]) == ("false", "")
    assert all(isinstance(text, str) for text in flags.values())
