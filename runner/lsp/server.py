"""`flowrun lsp`: what the protocol asks, answered by `app.editing` and `editor`.

Owns: the server, when files are checked (a moment after the last key), and that no question is ever answered by a traceback.
Nothing is decided here.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from flowrun import __version__
from flowrun.app.editing import Editing
from flowrun.editor.complete import complete
from flowrun.editor.known import Known
from flowrun.editor.look import Shown, hover, symbols, target, uses
from flowrun.editor.repair import repairs
from flowrun.editor.rules import rule_text
from flowrun.editor.text import Document
from flowrun.errors import Diagnostic
from flowrun.lang.parse import kind_of
from flowrun.lsp import convert
from flowrun.words import t

PAUSE = 0.12
"""Seconds without a key after which a file is checked."""
WATCHED = "**/*.{yaml,yml,json,py}"

Result = TypeVar("Result")


class Server(LanguageServer):
    """The server of one editor."""

    def __init__(self) -> None:
        # Whole texts: what counts as a line is then decided in one place (`editor.text`).
        super().__init__("flowrun", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.editing = Editing()
        self.pages = ""
        self.uris: dict[Path, str] = {}
        self.versions: dict[Path, int] = {}
        self.found: dict[Path, list[Diagnostic]] = {}
        self.waiting: dict[Path, asyncio.Task[None]] = {}

    def soon(self, path: Path, *, pause: float) -> None:
        """Check a file after a pause, in which another change begins the pause anew."""
        before = self.waiting.pop(path, None)
        if before is not None:
            before.cancel()
        self.waiting[path] = asyncio.ensure_future(self._check(path, pause))

    async def _check(self, path: Path, pause: float) -> None:
        await asyncio.sleep(pause)
        self.waiting.pop(path, None)
        self.check(path)
        for other in self.editing.open_beside(path):
            await asyncio.sleep(0)  # questions of the editor come first
            if path not in self.waiting:
                self.check(other)

    def check(self, path: Path) -> None:
        """Tell the editor what is wrong with a file."""
        document, uri = self.editing.document(path), self.uris.get(path)
        if uri is None:
            return
        found: list[Diagnostic] = []
        try:
            found = self.editing.findings(path)
        except Exception as error:
            self.defect(error)
        self.found[path] = found
        shown = document or Document(str(path), "")
        others = {str(other): Document(str(other), text) for other, text in self.editing.texts.items()}
        told = [convert.diagnostic_of(shown, each, others, self.pages) for each in found]
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, diagnostics=told, version=self.versions.get(path))
        )

    def defect(self, error: Exception) -> None:
        """Note a mistake of flowrun itself in the editor's log; the question gets an empty answer."""
        text = str(error).strip().partition("\n")[0][:200]
        message = t("flowrun made a mistake: {error}", error=f"{type(error).__name__}: {text}".rstrip(": "))
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, message))

    def place(self, uri: str, position: types.Position) -> tuple[Path, Document, int] | None:
        """Return the file, its text and the offset of a position; None where the file is not open."""
        path = convert.path_of(uri)
        document = None if path is None else self.editing.document(path)
        if path is None or document is None:
            return None
        return path, document, document.offset(position.line, position.character)


def make() -> Server:
    """Return a server with everything that it can do."""
    server = Server()

    def answers(
        method: str, otherwise: Any, options: Any = None
    ) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
        def of(handler: Callable[..., Result]) -> Callable[..., Result]:
            @wraps(handler)
            def safe(params: Any) -> Any:
                try:
                    return handler(params)
                except Exception as error:
                    server.defect(error)
                    return otherwise

            server.feature(method, options)(safe)
            return handler

        return of

    _files(server, answers)
    _questions(server, answers)
    _changes(server, answers)
    return server


Answers = Callable[..., Callable[[Callable[..., Any]], Callable[..., Any]]]


def _files(server: Server, answers: Answers) -> None:
    @answers(types.INITIALIZED, None)
    def started(params: types.InitializedParams) -> None:
        folders = [convert.path_of(folder.uri) for folder in server.workspace.folders.values()]
        root = server.workspace.root_uri
        folders += [convert.path_of(root)] if root else []
        server.editing.folders = [folder for folder in folders if folder is not None]
        watched = server.client_capabilities.workspace and server.client_capabilities.workspace.did_change_watched_files
        if watched and watched.dynamic_registration:
            watch = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(WATCHED)])
            registration = types.Registration("watch", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, watch)
            server.client_register_capability(types.RegistrationParams([registration]))

    @answers(types.TEXT_DOCUMENT_DID_OPEN, None)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        given = params.text_document
        path = convert.path_of(given.uri)
        if path is not None:
            server.uris[path], server.versions[path] = given.uri, given.version
            server.editing.put(path, given.text)
            server.soon(path, pause=0)

    @answers(types.TEXT_DOCUMENT_DID_CHANGE, None)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        path = convert.path_of(params.text_document.uri)
        if path is None or path not in server.uris or not params.content_changes:
            return
        server.versions[path] = params.text_document.version
        server.editing.put(path, params.content_changes[-1].text)
        if not path.name.endswith(".flow.yaml"):
            server.editing.renew(path)
        server.soon(path, pause=PAUSE)

    @answers(types.TEXT_DOCUMENT_DID_SAVE, None)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        path = convert.path_of(params.text_document.uri)
        if path is not None and path in server.uris:
            server.editing.renew(path)
            server.soon(path, pause=0)

    @answers(types.TEXT_DOCUMENT_DID_CLOSE, None)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        path = convert.path_of(params.text_document.uri)
        if path is None or path not in server.uris:
            return
        waiting = server.waiting.pop(path, None)
        if waiting is not None:
            waiting.cancel()
        server.editing.drop(path)
        server.found.pop(path, None)
        uri = server.uris.pop(path)
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=[]))
        for other in server.editing.open_beside(path):
            server.soon(other, pause=PAUSE)

    @answers(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, None)
    def on_disk(params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            path = convert.path_of(change.uri)
            if path is not None and path not in server.uris:
                server.editing.renew(path)
                for other in server.editing.open_beside(path):
                    server.soon(other, pause=PAUSE)


def _questions(server: Server, answers: Answers) -> None:
    def asked(path: Path) -> tuple[str, Known, dict[str, Any]] | None:
        kind, schema = kind_of(path.name), server.editing.schema(path)
        return None if kind is None or schema is None else (kind, server.editing.known(path), schema)

    signs = types.CompletionOptions(trigger_characters=[".", ":", " ", "{", "[", '"', "|", "-", "@"])

    @answers(types.TEXT_DOCUMENT_COMPLETION, None, signs)
    def completed(params: types.CompletionParams) -> types.CompletionList | None:
        at = server.place(params.text_document.uri, params.position)
        given = None if at is None else asked(at[0])
        if at is None or given is None:
            return None
        _, document, offset = at
        offers = complete(document.text, offset, *given)
        return types.CompletionList(is_incomplete=False, items=[convert.item_of(document, offer) for offer in offers])

    @answers(types.TEXT_DOCUMENT_HOVER, None)
    def hovered(params: types.HoverParams) -> types.Hover | None:
        at = server.place(params.text_document.uri, params.position)
        if at is None:
            return None
        path, document, offset = at
        given = asked(path)
        shown = None if given is None else hover(document.text, offset, *given)
        rules = rule_text([d for d in server.found.get(path, []) if _covers(document, d, offset)])
        if rules:
            start, end = (shown.start, shown.end) if shown is not None else (offset, offset)
            shown = Shown(
                start=start, end=end, markdown="\n\n---\n\n".join([*([shown.markdown] if shown else []), rules])
            )
        return None if shown is None else convert.hover_of(document, shown)

    def meant(params: Any) -> Any:
        at = server.place(params.text_document.uri, params.position)
        given = None if at is None else asked(at[0])
        if at is None or given is None:
            return None
        kind, known, schema = given
        return at, target(at[1].text, at[2], kind, schema, tuple(known.callable()))

    @answers(types.TEXT_DOCUMENT_DEFINITION, None)
    def defined(params: types.DefinitionParams) -> types.Location | None:
        found = meant(params)
        if found is None or found[1] is None:
            return None
        place = server.editing.place(found[0][0], found[1])
        return None if place is None else _location(server, *place)

    @answers(types.TEXT_DOCUMENT_REFERENCES, None)
    def used(params: types.ReferenceParams) -> list[types.Location] | None:
        found = meant(params)
        if found is None or found[1] is None or not found[1].name:
            return None
        listed = []
        for file in server.editing.files_with(found[0][0], found[1]):
            text = server.editing.text_of(file)
            document = None if text is None else Document(str(file), text)
            for start, end in uses(document.text, found[1]) if document is not None else ():
                listed.append(_location(server, file, start, end))
        return listed

    @answers(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, None)
    def outlined(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | None:
        path = convert.path_of(params.text_document.uri)
        document = None if path is None else server.editing.document(path)
        kind = None if path is None else kind_of(path.name)
        if document is None or kind is None:
            return None
        return [convert.symbol_of(document, symbol) for symbol in symbols(document.text, kind)]


def _covers(document: Document, found: Diagnostic, offset: int) -> bool:
    start, end = document.span_offsets(found.span)
    return start <= offset < end


def _location(server: Server, file: Path, start: int, end: int) -> types.Location:
    document = Document(str(file), server.editing.text_of(file) or "")
    return types.Location(server.uris.get(file, file.as_uri()), convert.range_of(document, start, end))


def _changes(server: Server, answers: Answers) -> None:
    kinds = [types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll]

    @answers(types.TEXT_DOCUMENT_CODE_ACTION, None, types.CodeActionOptions(code_action_kinds=kinds))
    def offered(params: types.CodeActionParams) -> list[types.CodeAction] | None:
        path = convert.path_of(params.text_document.uri)
        document = None if path is None else server.editing.document(path)
        if path is None or document is None:
            return None
        only = params.context.only
        found = server.found.get(path, [])
        start = document.offset(params.range.start.line, params.range.start.character)
        end = document.offset(params.range.end.line, params.range.end.character)
        here = [d for d in found if _touches(document, d, start, end)]
        made: list[types.CodeAction] = []
        if _wanted(types.CodeActionKind.QuickFix, only):
            for repair in repairs(document, here):
                edits = [convert.edit_of(document, edit) for edit in repair.edits]
                told = [d for d in params.context.diagnostics if d.code == repair.found.code]
                made.append(
                    types.CodeAction(
                        title=repair.title,
                        kind=types.CodeActionKind.QuickFix,
                        diagnostics=told or None,
                        is_preferred=repair.best or None,
                        edit=types.WorkspaceEdit(changes={params.text_document.uri: edits}),
                    )
                )
        mendable = [d for d in found if d.changes]
        several = len(mendable) > 1 and any(d.changes for d in here)
        if (only and mendable and _wanted(types.CodeActionKind.SourceFixAll, only)) or (not only and several):
            text = server.editing.mended(path)
            if text is not None:
                change = types.WorkspaceEdit(changes={params.text_document.uri: [convert.whole_edit(document, text)]})
                title = t("Mend everything that has one right repair")
                made.append(types.CodeAction(title=title, kind=types.CodeActionKind.SourceFixAll, edit=change))
        return made


def _wanted(kind: str, only: Any) -> bool:
    return not only or any(kind == each or kind.startswith(f"{each}.") for each in only)


def _touches(document: Document, found: Diagnostic, start: int, end: int) -> bool:
    begins, ends = document.span_offsets(found.span)
    return begins <= end and start <= ends


def serve() -> None:
    """Serve the editor on standard input and output until it hangs up.

    What the tools of a workspace print while they are read goes to standard error: it would break the protocol.
    """
    logging.getLogger("pygls").addHandler(logging.NullHandler())
    logging.getLogger("pygls").propagate = False
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    server = make()

    @server.feature(types.INITIALIZE)
    def begins(params: types.InitializeParams) -> None:
        options = params.initialization_options
        pages = options.get("rulePages") if isinstance(options, dict) else None
        server.pages = pages if isinstance(pages, str) else ""

    server.start_io(stdin, stdout)
