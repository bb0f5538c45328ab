"""One replica as a process of its own: `python -m tests.bench.replication.replica SETTINGS`."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import grpc
import structlog

from replication.config import PeerAddress, ReplicationConfig
from replication.engine import proposals
from replication.engine.fail_stop import Fatal
from replication.engine.raft_log import RaftLog
from tests.bench.replication.counting import Counting
from tests.bench.replication.service import Service

_CALLS_MAX: Final = 100_000


class NobodyListens:
    def leadership_gained(self, term: int) -> None: ...

    def leadership_lost(self, term: int) -> None: ...


def end_at_once(fatal: Fatal) -> None:
    print(f"replica died: {fatal}", file=sys.stderr, flush=True)
    os._exit(1)


async def serve(
    replica_id: str,
    folder: Path,
    raft_ports: dict[str, int],
    grpc_port: int,
    settings: dict[str, Any],
    one_by_one: bool,
) -> None:
    if one_by_one:
        # No production setting: nothing is gained by small entries but a log that has many.
        vars(proposals)["_ENTRY_BYTES_MAX"] = 1
    config = ReplicationConfig(
        cluster_id="bench",
        replica_id=replica_id,
        data_directory=folder,
        listen_port=raft_ports[replica_id],
        peers={
            name: PeerAddress("127.0.0.1", port)
            for name, port in raft_ports.items()
            if name != replica_id
        },
        **settings,
    )
    log = await RaftLog.start(config, Counting(), NobodyListens(), on_fatal=end_at_once)
    # Unless told so, gRPC turns away more than 1000 calls under way.
    server = grpc.aio.server(
        options=(
            ("grpc.server.max_pending_requests", _CALLS_MAX),
            ("grpc.server.max_pending_requests_hard_limit", _CALLS_MAX),
        )
    )
    server.add_generic_rpc_handlers((Service(log).handler(),))
    server.add_insecure_port(f"127.0.0.1:{grpc_port}")
    await server.start()
    await server.wait_for_termination()


def main() -> None:
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(30),
    )
    asked = json.loads(sys.argv[1])
    asked["folder"] = Path(asked["folder"])
    asyncio.run(serve(**asked))


if __name__ == "__main__":
    main()
