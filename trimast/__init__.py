"""Trimast: a cluster manager whose masters agree on every framework, task and agent."""
