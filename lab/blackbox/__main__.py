"""Runs the command line of the black box."""

from .command_line import main

main(prog_name="scripts/blackbox")
