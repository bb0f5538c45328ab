"""The doors that clients of Mesos know: its v1 API over HTTP, and what was there before it."""
