"""What a running task is watched for: its health, a check, and the time it may take."""
