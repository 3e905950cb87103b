"""Decides whether a proposal may happen, as a pure function; calling anything may not live here."""
