"""Measures gossipd beside others on this machine: `scripts/bench`.

Each benchmark is a module with `run(options)`, which returns tables and all numbers. What is
compared takes turns within a run, so that whatever else the machine does meets all of it.
"""
