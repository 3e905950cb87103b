"""The journal's pure part: bytes of events, the hash chain, and what events mean for the tables; no store
lives here.
"""
