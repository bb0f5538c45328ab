"""Bytes of strangers and of damaged disks: each reader takes any, or says what is wrong."""
