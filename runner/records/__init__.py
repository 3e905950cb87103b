"""Registry, validation, repair hints and migrations of record schemas; storage may not live here."""
