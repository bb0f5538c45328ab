"""Clusters of real processes, as the integration tests have them."""

from tests.integration.conftest import start_cluster

__all__ = ["start_cluster"]
