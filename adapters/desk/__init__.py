"""The embedded CRM, helpdesk, payments, mail and calendar of the bundled flows, in one SQLite file.

Models, other tools and journals may not be imported here; nothing is imported at all, so that a lint that reads the
contracts loads no database.
"""
