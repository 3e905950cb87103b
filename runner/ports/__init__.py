"""Protocols of the outside world and their values; no concrete adapter may live here."""
