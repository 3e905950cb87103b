"""A public benchmark of injections, run through flowrun: `make bench-security` (needs agentdojo, in its own environment)."""
