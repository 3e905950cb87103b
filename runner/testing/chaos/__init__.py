"""Killing a test run at every boundary, going on with it, and counting what happened.

Owns: the kill points (`cut`), fakes that outlive a process (`lasting`), one case (`case`), the processes (`matrix`) and the
judgement (`findings`). No code outside this folder knows that runs are killed; no real tool or model is reached.
"""
