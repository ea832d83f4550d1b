"""The search for a broken promise: random histories of small clusters, and what must hold in each.

`draw` makes the words of a scenario from a seed, `play` runs it under the checkers, `shrink` makes
a failing one small. A history is a scenario as `gossipd simulate` takes it, so that a failing one
can be kept as a file, played again, and traced.
"""
