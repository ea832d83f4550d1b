"""Makes a published experiment again."""

from .command import main

main(prog_name="scripts/experiment")
