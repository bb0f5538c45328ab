"""Programs of frameworks that run tasks here, and speak the executor API."""
