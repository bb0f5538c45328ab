"""The executor API: what an executor tells its agent, and what the agent asks of it."""
