"""What an agent of Mesos serves over HTTP: its operators' API, and its older endpoints."""
