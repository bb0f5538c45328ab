"""The Mesos v1 HTTP API's messages: one folder for each of its packages."""
