"""Judges a run from outside: agreement, detection, counts, timeline, trace."""
