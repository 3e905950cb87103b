"""Turns a Flow with its tools, policies and schemas into a pinned Plan; no execution may live here."""
