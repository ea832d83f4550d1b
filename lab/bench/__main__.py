"""Runs the command line of the benchmarks."""

from .command_line import main

main(prog_name="scripts/bench")
