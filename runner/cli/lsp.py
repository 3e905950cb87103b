"""`flowrun lsp`: the language server for editors.

Owns: the command's options, and what is said where the server's library is missing. What editors are told is `lsp`'s part.
"""

from __future__ import annotations

import importlib.util

import click

from flowrun.errors import ConfigError
from flowrun.words import t


@click.command("lsp")
@click.option("--stdio", is_flag=True, expose_value=False, help="The only way to talk; editors may say so.")
def command() -> int:
    """Serve an editor: findings while you type, completion, help, definitions and repairs.

    The editor starts it and talks to it on standard input and output. It needs an extra part:
    pip install "flowrun-ai[lsp]". How to set up editors: docs/how-to/editor.md.

    \b
    Example:
      flowrun lsp --stdio
    """
    if importlib.util.find_spec("pygls") is None:
        raise ConfigError(
            t("The language server needs the library pygls, which is not installed."),
            help='pip install "flowrun-ai[lsp]"',
            code="FR3502",
        )
    from flowrun.lsp.server import serve

    serve()
    return 0
