"""What is to happen in a run: its notation, its faults, the named scenarios."""
