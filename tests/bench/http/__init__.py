"""The Mesos v1 API over HTTP: calls, streams, and large answers, beside the gRPC door."""
