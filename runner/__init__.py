"""The public names of flowrun; code may not live here, and importing it must stay cheap."""

__version__ = "0.1.0"

__all__ = ["__version__"]
