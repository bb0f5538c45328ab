"""Where a master touches the world: gRPC, HTTP, the replicated log, metrics."""
