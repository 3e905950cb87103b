"""Side-by-side measurements; nothing that the package or its tests need may live here."""
