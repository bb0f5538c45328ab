"""The parts of the demonstration: what is counted, who counts it, and what a failover took."""
