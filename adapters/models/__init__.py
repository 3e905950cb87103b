"""Model adapters, one file a provider; tools, journals and desks may not be imported here."""
