"""Runs an experiment."""

from .command import main

main(prog_name="scripts/experiment")
