"""Measures gossipd beside other programs on this machine: `scripts/bench`.

Each benchmark is a module with `run(options)`, which returns tables and all numbers. The programs
that are compared take turns within one run, so that all of them meet whatever else the machine does
at that time.
"""
