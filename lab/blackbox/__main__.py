"""Runs the black box."""

from .command import main

main(prog_name="scripts/blackbox")
