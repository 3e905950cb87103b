"""The public names of flowrun: what user code and tool adapters may rely on.

Only re-exports may live here. Importing it must stay cheap: a name of a room that costs more than a few
milliseconds to import does not belong in this list.
"""

from typing import TYPE_CHECKING, Any

from flowrun.errors import (
    AdapterError,
    ConfigError,
    Diagnostic,
    Edit,
    FlowError,
    FlowrunError,
    InputError,
    InternalError,
    Span,
    StoreError,
)

__version__ = "0.1.0"

if TYPE_CHECKING:
    from flowrun.adapters.tools.python import NotDone, tool

__all__ = [
    "AdapterError",
    "ConfigError",
    "Diagnostic",
    "Edit",
    "FlowError",
    "FlowrunError",
    "InputError",
    "InternalError",
    "NotDone",
    "Span",
    "StoreError",
    "__version__",
    "tool",
]


def __getattr__(name: str) -> Any:
    """Load the tool decorator on first use: only people who write tools need it."""
    if name in ("NotDone", "tool"):
        from flowrun.adapters.tools import python

        return getattr(python, name)
    raise AttributeError(f"module 'flowrun' has no attribute {name!r}")
