"""`python -m gossipd` is the same as `gossipd`."""

from __future__ import annotations

from gossipd.cli import main

if __name__ == "__main__":
    main(prog_name="gossipd")
