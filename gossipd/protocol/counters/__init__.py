"""Counters: their values, who counted what, how writes take effect and reach other nodes."""
