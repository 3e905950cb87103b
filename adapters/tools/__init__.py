"""Tool adapters, one file a kind; models, journals and desks may not be imported here."""
