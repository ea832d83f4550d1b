"""Searches random histories for a broken promise."""

from .command import main

main(prog_name="scripts/simulate-seeds")
