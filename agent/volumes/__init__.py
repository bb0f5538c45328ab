"""What has to be done about a persistent volume, given what is there of it."""
