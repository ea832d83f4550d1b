"""Lets a crowd of random clients at a node."""

from .command import main

main(prog_name="scripts/crowd")
