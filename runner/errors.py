"""The errors and findings that flowrun shows to people.

Owns: the root exception and its families by fault (author, operator, input, outside world, flowrun itself), and the
value types of a finding (`Span`, `Edit`, `Diagnostic`). No rendering, no I/O and no other room is imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec


class Span(msgspec.Struct, frozen=True):
    """A place in a file. Lines and columns start at 1; the end is exclusive. `line` 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one stretch of a file: `text` takes the place of what stands at `span`.

    A span that ends where it starts inserts; an empty text deletes. Column 1 of the line after the last one is the end of
    the file. Lines in `text` are parted by `\\n`, however the file stores them.
    """

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding about a file: what is wrong, where, and what to write instead.

    `code` is stable (`FR1003`), `rule` is its name in words (`unknown-key`), `related` holds other places with a note
    each. Where exactly one repair is right, `fix` is a replacement for the text of `span`, and `edits` are changes of
    other places; all of them together are the repair (`changes`). They stand in one file.
    """

    code: str
    rule: str
    message: str
    span: Span
    severity: str = "error"
    help: str | None = None
    fix: str | None = None
    edits: tuple[Edit, ...] = field(default=())
    related: tuple[tuple[Span, str], ...] = field(default=())

    @property
    def changes(self) -> tuple[Edit, ...]:
        """Every change that repairs the finding; empty where it has no single right repair."""
        return self.edits if self.fix is None else (Edit(self.span, self.fix), *self.edits)


class FlowrunError(Exception):
    """Root of every error that a user may see; never raised itself.

    `code` is stable, `exit_code` is what the command line ends with, `help` says what to do.
    """

    code = "FR9000"
    exit_code = 1

    def __init__(self, message: str, *, help: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        if code is not None:
            self.code = code


class FlowError(FlowrunError):
    """A flow, policy, tool or test file is wrong; carries every finding. The author mends it."""

    code = "FR1000"
    exit_code = 3

    def __init__(self, diagnostics: Sequence[Diagnostic], *, help: str | None = None) -> None:
        errors = [d for d in diagnostics if d.severity == "error"]
        first = errors[0] if errors else diagnostics[0]
        super().__init__(f"{first.span}: {first.message}", help=help or first.help, code=first.code)
        self.diagnostics = tuple(diagnostics)


class ConfigError(FlowrunError):
    """The workspace, an environment variable, a role or the store is wrong. The operator mends it."""

    code = "FR2000"
    exit_code = 3


class InputError(FlowrunError):
    """What was handed in (an input, an answer, a key) is not acceptable. Whoever handed it in mends it."""

    code = "FR3000"
    exit_code = 3


class AdapterError(FlowrunError):
    """A model, a tool or another part of the outside world failed.

    `retryable`: the same request may succeed later. `retry_after`: seconds that the other side asked for.
    `in_doubt`: the request may have taken effect although no answer arrived.
    """

    code = "FR4000"

    def __init__(
        self,
        message: str,
        *,
        help: str | None = None,
        code: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        in_doubt: bool = False,
    ) -> None:
        super().__init__(message, help=help, code=code)
        self.retryable = retryable
        self.retry_after = retry_after
        self.in_doubt = in_doubt


class StoreError(FlowrunError):
    """The store cannot be read or written (locked, full, read-only, newer than this program, damaged)."""

    code = "FR5000"
    exit_code = 3


class InternalError(FlowrunError):
    """A defect of flowrun itself: a promise between its own parts was broken."""

    code = "FR9001"
