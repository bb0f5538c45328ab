"""The parts of a drill: tasks that keep their own ledger, clocks, and the report."""
