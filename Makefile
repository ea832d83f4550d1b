# Commands for the cluster of compose.yaml, each a script in scripts/compose, and the checks of this
# checkout. `make help` lists them.

.DEFAULT_GOAL := up
commands := build start stop restart logs clean remove-containers \
    test-health test-increment test-count test-peers test-all-peers test-sync \
    test-discovery test-remove-existing-peer test-full

.PHONY: up test help $(commands)

up: build
	@scripts/compose/start

$(commands):
	@scripts/compose/$@

test:
	@scripts/test

help:
	@scripts/compose/help
