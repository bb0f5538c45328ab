"""Roles: who has them, and what they have."""

from dataclasses import replace

from master.views.mesos.roles import role_documents
from master.views.picture import take_picture
from tests.master.led_cluster import AGENT, FRAMEWORK_INFO, LedCluster
from trimast.model.ids import FrameworkId
from trimast.model.resources import Resources


def test_a_role_is_shown_with_what_is_used_offered_and_reserved_in_its_name() -> None:
    cluster = LedCluster()
    cluster.agent_comes()
    cluster.framework_comes(info=replace(FRAMEWORK_INFO, roles=("web",)))
    cluster.running_task()
    cluster.next_offer()
    picture = replace(
        take_picture(cluster.leader.state),
        reserved={AGENT: Resources.of({"mem(db)": 64_000})},
    )
    documents = {document["name"]: document for document in role_documents(picture)}
    assert list(documents) == ["*", "db", "web"]
    web = documents["web"]
    assert web["frameworks"] == [FrameworkId("f1")]
    assert (web["allocated"]["cpus"], web["offered"]["cpus"], web["resources"]["cpus"]) == (1, 1, 2)
    assert (web["weight"], web["quota"]["consumed"]["mem"]) == (1.0, 512.0)
    assert documents["db"]["reserved"]["mem"] == 64.0
