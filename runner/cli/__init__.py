"""The command line, one file a command; decisions of the domain may not live here."""
