"""Looking at data directories, backups, and what comes after the loss of masters."""
