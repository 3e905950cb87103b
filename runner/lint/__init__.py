"""What is wrong with a flow, seen against a workspace's tools, schemas, policies and roles.

Owns: the checks that need more than one file, and how findings are printed. Reading files is `app`'s part; the
findings of the language itself are `lang`'s.
"""

from flowrun.lint.check import Checked, check_flow

__all__ = ["Checked", "check_flow"]
