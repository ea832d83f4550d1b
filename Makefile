# The cluster of compose.yaml; `make help` lists what can be said. What each does is in scripts/compose.

.DEFAULT_GOAL := up
commands := build start stop restart logs clean remove-containers \
    test-health test-increment test-count test-peers test-all-peers test-sync \
    test-discovery test-remove-existing-peer test-full

.PHONY: up help $(commands)

up: build
	@scripts/compose/start

$(commands):
	@scripts/compose/$@

help:
	@scripts/compose/help
