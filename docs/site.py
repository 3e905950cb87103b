"""What the documentation's site needs beyond the pages: titles of code blocks, and links that leave the folder of pages.

Owns: hooks of mkdocs. A page's text is written for readers of the source; nothing is added to it here.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_TITLE = re.compile(r"^(```+)(\S+) (?![\w-]+=|\{)(\S+)[ \t]*$", re.MULTILINE)
_NOTE = re.compile(r"^<!-- .* -->\n", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, **more: Any) -> str:
    """Return a page for the site: a file's name becomes the title of its block, a link to a source file its name.

    The notes above blocks, by which tests run them, are left out.
    """
    markdown = _NOTE.sub("", markdown)
    markdown = _TITLE.sub(r'\1\2 title="\3"', markdown)
    here = posixpath.dirname(page.file.src_uri)

    def shown(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", here, link[2]))
        outside = not target.startswith("docs/") or target.endswith(".py") or (ROOT / target).is_dir()
        return f"{link[1]} (`{target}`)" if outside and (ROOT / target).exists() else link[0]

    return _LINK.sub(shown, markdown)
