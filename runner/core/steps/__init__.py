"""The verbs of the language, one small file each.

Owns: the table from a step's kind to the generator that runs it. Each generator yields commands and receives events; no
verb reaches for a clock, a store, a tool or a model.
"""

from flowrun.core.steps.block import run_flow

__all__ = ["run_flow"]
