"""Between a proposal and its effect: what may happen.

Owns: the decision over one turn's proposals, as a pure function over values. No adapter, store or clock is reached from
here; facts and the use of windows are handed in.
"""

from flowrun.guard.decide import decide
from flowrun.guard.facts import FactRead, facts_needed

__all__ = ["FactRead", "decide", "facts_needed"]
