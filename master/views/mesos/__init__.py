"""Pictures of the cluster in the JSON of the endpoints that Mesos had before its v1 API."""
