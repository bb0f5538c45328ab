"""The Raft engine: pysyncobj 0.3.17, unchanged, behind our own disk, network and protocol guard."""
