"""A small process of its own that starts an agent's tasks and reaps them, and outlives the agent.

It imports nothing but the standard library and the format of the journal, so that it stays small,
and so that there is little that could end it.
"""
