"""Keeps the map of the source in docs/architecture.md current: `scripts/map`."""
