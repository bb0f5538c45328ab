"""The operator API of an agent: questions, and containers started by hand."""
