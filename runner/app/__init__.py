"""Use cases shared by the command line, the pages and the API; no rendering may live here."""
