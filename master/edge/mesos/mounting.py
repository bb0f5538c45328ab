"""All that clients of Mesos find at a master, put together."""

from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry

from master.edge.doors import Doorkeeper
from master.edge.mesos.about import About
from master.edge.mesos.about_answers import MasterAnswers
from master.edge.mesos.cluster_watch import ClusterWatch
from master.edge.mesos.leading import add_redirect
from master.edge.mesos.listings import Listings
from master.edge.mesos.metrics_snapshot import MetricsSnapshot
from master.edge.mesos.not_built import add_not_built
from master.edge.mesos.operator_api import OperatorApi
from master.edge.mesos.operator_forms import OperatorForms
from master.edge.mesos.operator_orders import OperatorOrders
from master.edge.mesos.operator_stream import OperatorStream
from master.edge.mesos.scheduler_api import SchedulerApi
from master.edge.mesos.version_page import add_version
from master.edge.metrics import MasterMetrics
from master.edge.operator_questions import OperatorQuestions
from master.edge.scheduler_codec import FrameworkNews
from master.edge.streams import Streams
from master.leader.effects import CloseFrameworkStream
from trimast.edge.rendering import Renderer
from trimast.edge.turns import Turns


@dataclass(frozen=True, slots=True)
class MesosDoors:
    doorkeeper: Doorkeeper
    about: About
    streams: Streams[FrameworkNews | CloseFrameworkStream]
    questions: OperatorQuestions
    watch: ClusterWatch
    metrics: MasterMetrics
    prometheus: CollectorRegistry

    def mount(self, app: web.Application) -> None:
        doorkeeper, prometheus = self.doorkeeper, self.prometheus
        renderer, turns = Renderer(prometheus, "master"), Turns()
        snapshot = MetricsSnapshot(prometheus, self.about.started_s)
        orders = OperatorOrders(self.questions)
        SchedulerApi(doorkeeper, self.streams, self.questions, self.metrics.called, turns).mount(
            app
        )
        OperatorApi(
            doorkeeper,
            renderer,
            MasterAnswers(self.about, snapshot.take),
            OperatorStream(doorkeeper, renderer, self.watch, turns),
            orders,
            self.metrics.called,
        ).mount(app)
        Listings(doorkeeper, self.about, renderer).mount(app)
        snapshot.mount(app)
        add_redirect(app, doorkeeper)
        OperatorForms(doorkeeper, orders).mount(app)
        add_version(app)
        add_not_built(app, doorkeeper)
