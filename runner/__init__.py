"""The public names of flowrun: what user code and tool adapters may rely on.

Only re-exports may live here. Importing it must stay cheap: a name of a room that costs more than a few
milliseconds to import does not belong in this list.
"""

from flowrun.errors import (
    AdapterError,
    ConfigError,
    Diagnostic,
    FlowError,
    FlowrunError,
    InputError,
    InternalError,
    Span,
    StoreError,
)

__version__ = "0.1.0"

__all__ = [
    "AdapterError",
    "ConfigError",
    "Diagnostic",
    "FlowError",
    "FlowrunError",
    "InputError",
    "InternalError",
    "Span",
    "StoreError",
    "__version__",
]
