from agent.effects import SendVolumesDestroyed, SettleVolumes
from agent.events import KeepVolumes, LinkClosed, VolumesGone
from tests.agent.one_agent import LINK, said, welcomed_agent
from trimast.model.volume import HeldVolume, VolumeRecord

VOLUME = HeldVolume("db", "files", 7)


def test_what_is_ordered_is_settled_and_what_is_gone_is_told() -> None:
    agent = welcomed_agent()
    records = (VolumeRecord(VOLUME, is_doomed=True),)
    assert said(agent, KeepVolumes(records)) == [SettleVolumes(records)]
    gone = VolumesGone((VOLUME,))
    assert agent.handle(gone, 0) == [SendVolumesDestroyed(LINK, (VOLUME,))]
    agent.handle(LinkClosed(LINK, "test"), 0)
    assert agent.handle(gone, 0) == []
