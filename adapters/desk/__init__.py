"""The embedded CRM, helpdesk, payments, mail and calendar of the bundled flows, in one SQLite file.

Models, other tools and journals may not be imported here.
"""

from flowrun.adapters.desk.faults import Faults
from flowrun.adapters.desk.store import Desk
from flowrun.adapters.desk.tools import DeskTools, desk_tools

__all__ = ["Desk", "DeskTools", "Faults", "desk_tools"]
