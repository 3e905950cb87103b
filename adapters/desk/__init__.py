"""The embedded CRM, helpdesk, calendar and outbox of the bundled flows; models, tools and journals may not be imported here."""

from flowrun.adapters.desk.faults import Faults
from flowrun.adapters.desk.store import Desk
from flowrun.adapters.desk.tools import DeskTools, desk_tools

__all__ = ["Desk", "DeskTools", "Faults", "desk_tools"]
