"""The executor API of Mesos: what executors of frameworks speak to their agent."""
