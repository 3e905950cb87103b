"""The switch that keeps models from being asked, for tests and for machines that must not spend money.

Owns: the flag, the environment variable and the check. No adapter may send a request without passing the
check.
"""

from __future__ import annotations

import os
from collections.abc import Collection

from flowrun.errors import AdapterError
from flowrun.words import t

ALLOW_MODEL_REQUESTS = True
"""Set to False to refuse every request to a model server.

The environment variable FLOWRUN_NO_MODELS=1 does the same.
"""


def check_allowed(base_url: str, allowed: Collection[str] = ()) -> None:
    """Return if a request to this server may be sent; raises AdapterError FR4190 otherwise.

    `allowed` are base addresses for which the switch does not count, for example a server that a test has
    started.
    """
    if base_url.rstrip("/") in {url.rstrip("/") for url in allowed}:
        return
    if not ALLOW_MODEL_REQUESTS or os.environ.get("FLOWRUN_NO_MODELS", "") not in ("", "0"):
        raise AdapterError(
            t("Requests to models are switched off here, so {base_url} was not asked.", base_url=base_url),
            code="FR4190",
            help=t("Unset FLOWRUN_NO_MODELS to allow them, or use the model `examples`, which asks no server."),
        )
