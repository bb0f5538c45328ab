"""What `trimast task` does in a task's sandbox: read its output, list and fetch files, run more."""
