"""Which keys of the language this version does not carry out yet.

Owns: that list, and the findings for it. A key that is read but does nothing would be a promise that is broken silently.
"""

from __future__ import annotations

from flowrun.errors import Diagnostic
from flowrun.lang import spec, spec_files
from flowrun.lang.codes import diagnostic
from flowrun.words import LANGUAGES, mark, sentences, t

WORKSPACE = {
    "channels": mark("Customers are reached through `flowrun run --chat` or the inbox."),
    "triggers": mark("Start flows with `flowrun run`."),
    "egress": mark("Limit the network outside of flowrun."),
}


def workspace_findings(config: spec_files.WorkspaceFile) -> list[Diagnostic]:
    """Return a finding for each key of a `flowrun.yaml` that does nothing yet."""
    found = [
        diagnostic(
            "not-yet",
            t("`{key}` does not work in this version.", key=key),
            config.at[key],
            help=sentences(t("Leave it out."), t(instead)),
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
            diagnostic(
                "not-yet", t("Runs are kept in SQLite only."), config.at["store"], help=t("Write sqlite:///PATH.")
            )
        )
    return found


def tools_findings(file: spec.ToolFile) -> list[Diagnostic]:
    """Return a finding for each part of a tool file that does nothing yet."""
    if file.adapter != "python" or file.source is None:
        message = t("The adapter `{adapter}` does not work in this version.", adapter=file.adapter)
        return [diagnostic("not-yet", message, file.span, help=t("Write `adapter: python` and `source: FILE.py`."))]
    found = []
    if file.server is not None:
        found.append(diagnostic("not-yet", t("`server` means nothing for Python tools."), file.server.span))
    for template in file.auth.values():
        found.append(diagnostic("not-yet", t("`auth` means nothing for Python tools."), template.span))
    for action in file.actions.values():
        extra = [name for name in ("input", "output") if getattr(action, name) is not None]
        for name in [*extra, *action.options]:
            message = t(
                "`{name}` of {tools}.{action} does not work in this version for Python tools.",
                name=name,
                tools=file.tools,
                action=action.name,
            )
            found.append(
                diagnostic("not-yet", message, action.span, help=t("The function's type hints give the schemas."))
            )
    return found
