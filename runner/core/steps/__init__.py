"""One generator for each step verb; scheduling and I/O may not live here."""
