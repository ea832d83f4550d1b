"""Runs the search for a history that breaks a promise."""

from .command import main

main(prog_name="scripts/simulate-seeds")
