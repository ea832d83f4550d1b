"""The laboratory: random search, experiments, benchmarks. It is not installed."""
