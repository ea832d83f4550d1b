"""Real nodes as processes, their packets and their costs."""
