"""Implementations of the ports; no flow logic and no policy may live here."""
