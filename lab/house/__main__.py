"""Runs the command that writes the map."""

from .command_line import main

main(prog_name="scripts/map")
