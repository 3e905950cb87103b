"""What differs between two contracts, sorted by danger.

Owns: the comparison of every part of a contract, the order between conditions, and the forms in which a change is told. A
widening is never called a narrowing: what cannot be ordered is told as one that may be a widening.
"""
