"""Ways in for clients: the documented routes, health and metrics."""
