"""Journal stores, one file a database; models, tools and desks may not be imported here."""
