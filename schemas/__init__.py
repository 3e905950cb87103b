"""The published JSON Schemas; Python logic may not live here."""
