"""Evaluation of parsed expressions, money, durations and moments; no Jinja2 and no I/O may live here."""
