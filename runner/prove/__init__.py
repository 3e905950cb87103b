"""Answers whether a thing can happen in a flow, by following all its paths at once; no I/O, and nothing is ever run."""
