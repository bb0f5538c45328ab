"""Messages of the Mesos v1 API as JSON: lenient in, exact out."""
