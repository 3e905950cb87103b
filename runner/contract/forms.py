"""A contract in each form in which it is given out.

Owns: the list of forms. Each is made in a module of its own, which is loaded only when it is wanted.
"""

from __future__ import annotations

import msgspec

from flowrun.contract.model import Contract

FORMS = {"text": "txt", "markdown": "md", "json": "json", "mermaid": "mmd", "svg": "svg"}
"""Each form, with the usual end of its file's name."""


def as_form(contract: Contract, form: str) -> str:
    """Return a contract as `text`, `markdown`, `json`, `mermaid` or `svg`, with a line's end."""
    if form == "json":
        body = msgspec.to_builtins(contract)
        body["figures"] = [
            {**figure, "most": of.most} for figure, of in zip(body["figures"], contract.figures, strict=True)
        ]
        return msgspec.json.format(msgspec.json.encode(body), indent=2).decode() + "\n"
    if form == "mermaid":
        from flowrun.contract.mermaid import as_mermaid

        return as_mermaid(contract)
    if form == "svg":
        from flowrun.contract.svg import as_svg

        return as_svg(contract)
    from flowrun.contract.page import page_of
    from flowrun.contract.render import as_markdown, as_text

    page = page_of(contract)
    return as_markdown(page) if form == "markdown" else as_text(page)
