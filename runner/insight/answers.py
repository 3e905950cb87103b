"""The recorded answer of each command of a replay, looked for once.

Owns: what is used as an answer, what stands in for a yes that nobody was asked for, and what is lacking. When an answer is given is
`rerun`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from flowrun.core import events as ev
from flowrun.core.commands import AnyCommand, AskPerson, CallModel, CallTool, Wait
from flowrun.insight import whatif_words as words
from flowrun.insight.recorded import Entry, Recorded
from flowrun.words import t

ASSUMED = "(assumed)"
"""Who says yes where nobody was asked."""


class Answers:
    """The answers of one run. `last` is the place of what was not recorded: after everything that was.

    `lacking`: the commands that nothing recorded answers, by path, with the class of the run and what to say of it.
    """

    def __init__(self, recorded: Recorded, hidden: words.Hidden) -> None:
        self.last = len(recorded.events)
        self.lacking: dict[str, tuple[str, str]] = {}
        self._recorded = recorded
        self._hidden = hidden
        self._known: dict[tuple[str, str], list[Entry]] = {}

    def of(self, command: AnyCommand) -> list[Entry]:
        """Return what is left of a command's recorded answers, looked for once."""
        key = (command.path, type(command).__name__)
        if key not in self._known:
            self._known[key] = list(self._find(command))
        return self._known[key]

    def _find(self, command: AnyCommand) -> Iterator[Entry]:
        entry: Entry | None = None
        if isinstance(command, CallModel):
            entry = self._recorded.reply(command)
            if entry is None:
                why = words.why_live(command, self._recorded)
                self.lacking[command.path] = "needs_live_model_call", why
        elif isinstance(command, CallTool):
            entry = self._recorded.result(command)
            if entry is None:
                verdict = command.verdict
                kind = "other_effects" if verdict.effect == "write" else "cannot_tell"
                self.lacking[command.path] = kind, words.not_recorded(verdict, self._hidden)
        elif isinstance(command, AskPerson):
            yield from self._asked(command)
            return
        elif isinstance(command, Wait):
            entry = self._recorded.woken(command)
            if entry is None and command.path not in self._recorded.waiting:
                if command.event is None and command.due is not None:
                    woken = ev.Woken(path=command.path, at=command.due, timer=True)
                    entry = (self.last, woken)
                else:
                    text = t("It waits for {event}, and did not then.", event=command.event)
                    self.lacking[command.path] = "cannot_tell", text
        if entry is not None:
            yield entry

    def _asked(self, command: AskPerson) -> Iterator[Entry]:
        asked = command.asked
        question = self._recorded.question(command)
        if question is not None and set(asked.to) <= words.roles_of(question):
            for place, event in question.said:
                path = command.path + event.path.removeprefix(question.asked.path)
                moved = msgspec.structs.replace(event, path=path)
                if isinstance(moved, ev.Escalated | ev.Edited):
                    moved = msgspec.structs.replace(moved, entry=command.path)
                yield place, moved
            return
        if asked.kind == "approval":
            # So that what follows is seen, and counted in the windows: as if the people had said yes.
            yes = ev.Answered(path=command.path, at="", action="approve", by=ASSUMED)
            yield self.last, yes
        else:
            self.lacking[command.path] = "cannot_tell", t("A person is asked something new: {title}", title=asked.title)
