"""What every process's edge needs: the loop, servers, channels, logs, metrics."""
