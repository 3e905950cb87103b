"""Which keys of the language this version does not carry out yet.

Owns: that list, and the findings for it. A key that is read but does nothing would be a promise that is broken silently.
"""

from __future__ import annotations

from flowrun.errors import Diagnostic
from flowrun.lang import spec, spec_files
from flowrun.lang.codes import diagnostic
from flowrun.words import LANGUAGES, t

WORKSPACE = {
    "channels": "Customers are reached through `flowrun run --chat` or the inbox.",
    "triggers": "Start flows with `flowrun run`.",
    "egress": "Limit the network outside of flowrun.",
}


def workspace_findings(config: spec_files.WorkspaceFile) -> list[Diagnostic]:
    """Return a finding for each key of a `flowrun.yaml` that does nothing yet."""
    found = [
        diagnostic(
            "not-yet", f"`{key}` does not work in this version.", config.at[key], help=f"Leave it out. {instead}"
        )
        for key, instead in WORKSPACE.items()
        if key in config.at
    ]
    if config.language not in LANGUAGES:
        message = t("There are no messages in the language `{language}` yet.", language=config.language)
        help_ = t("Write one of these: {languages}.", languages=", ".join(LANGUAGES))
        found.append(diagnostic("not-yet", message, config.at["language"], help=help_))
    if config.store is not None and not config.store.startswith("sqlite:///"):
        found.append(
            diagnostic("not-yet", "Runs are kept in SQLite only.", config.at["store"], help="Write sqlite:///PATH.")
        )
    return found


def tools_findings(file: spec.ToolFile) -> list[Diagnostic]:
    """Return a finding for each part of a tool file that does nothing yet."""
    if file.adapter != "python" or file.source is None:
        message = f"the adapter `{file.adapter}` does not work in this version."
        return [diagnostic("not-yet", message, file.span, help="Write `adapter: python` and `source: FILE.py`.")]
    found = []
    if file.server is not None:
        found.append(diagnostic("not-yet", "`server` means nothing for Python tools.", file.server.span))
    for template in file.auth.values():
        found.append(diagnostic("not-yet", "`auth` means nothing for Python tools.", template.span))
    for action in file.actions.values():
        extra = [name for name in ("input", "output") if getattr(action, name) is not None]
        for name in [*extra, *action.options]:
            message = f"`{name}` of {file.tools}.{action.name} does not work in this version for Python tools."
            found.append(
                diagnostic("not-yet", message, action.span, help="The function's type hints give the schemas.")
            )
    return found
