"""Text in, typed Flow or Diagnostics out; no evaluation and no I/O may live here."""
