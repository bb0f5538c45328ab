"""The bench's own gRPC service of a replica: writes one by one, as a stream, and what to measure.

No proto: bytes are commands, and what is asked is JSON.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Final

import grpc

from replication.engine import entry
from replication.engine.raft_log import RaftLog
from replication.replicated_log import Committed, ProposalOutcome
from tests.bench.replication.measured import measured
from tests.bench.replication.profiling import profiled
from tests.bench.replication.proposing import Proposing

SERVICE: Final = "trimast.bench.Replica"
REFUSED: Final = b"\x00"
COMMITTED: Final = b"\x01"


class Service:
    def __init__(self, log: RaftLog) -> None:
        self._log = log
        self._background: asyncio.Task[None] | None = None

    def handler(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Propose": grpc.unary_unary_rpc_method_handler(self._propose),
                "Stream": grpc.stream_stream_rpc_method_handler(self._stream),
                "Load": grpc.unary_unary_rpc_method_handler(self._load),
                "Status": grpc.unary_unary_rpc_method_handler(self._status),
            },
        )

    async def _propose(self, command: bytes, context: Any) -> bytes:
        told: asyncio.Future[ProposalOutcome] = asyncio.get_running_loop().create_future()

        def answered(outcome: ProposalOutcome) -> None:
            # The client may have given up, and its call is cancelled then.
            if not told.done():
                told.set_result(outcome)

        self._log.propose(command, answered)
        return COMMITTED if isinstance(await told, Committed) else REFUSED

    async def _stream(self, messages: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        """A message holds what gathered while the one before was sent, an answer all outcomes that
        there are by now, in the order of the commands."""
        outcomes: asyncio.Queue[bytes] = asyncio.Queue()

        def answered(outcome: ProposalOutcome) -> None:
            outcomes.put_nowait(COMMITTED if isinstance(outcome, Committed) else REFUSED)

        async def propose_all() -> None:
            async for message in messages:
                for command in entry.unpack(message):
                    self._log.propose(command, answered)

        proposing = asyncio.create_task(propose_all())
        try:
            while True:
                gathered = [await outcomes.get()]
                while not outcomes.empty():
                    gathered.append(outcomes.get_nowait())
                yield b"".join(gathered)
        finally:
            proposing.cancel()

    async def _load(self, request: bytes, context: Any) -> bytes:
        asked = json.loads(request)
        profile = asked.pop("profile", False)
        load = Proposing(self._log, **asked)
        with profiled(profile):
            await load.run()
        result = measured(load._outstanding, load.latencies_s, load.took_s, load.failed)
        return json.dumps(asdict(result)).encode()

    async def _status(self, request: bytes, context: Any) -> bytes:
        status = asdict(self._log.status())
        status["connected"] = sum(peer.connected for peer in self._log.peers())
        return json.dumps(status).encode()
