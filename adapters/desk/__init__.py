"""The embedded CRM, helpdesk, calendar and outbox of the bundled flows; models, tools and journals may not be imported here."""
