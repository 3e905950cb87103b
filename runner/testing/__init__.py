"""What a user needs to test a flow; nothing used in production runs may live here."""
