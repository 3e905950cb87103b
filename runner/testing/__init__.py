"""Running `*.test.yaml` and policy tests against fakes: no test reaches a real tool, model, store or clock.

Owns: the fakes, the play of a test and the comparison with what it expects. Finding and reading files is `app`'s part.
"""

from flowrun.testing.result import TestResult

__all__ = ["TestResult"]
