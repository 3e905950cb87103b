"""Commands, events and the execution that links them; no I/O, clock or randomness may live here."""
