"""Event encoding, hash chain, verification and projections; databases and files may not live here."""
