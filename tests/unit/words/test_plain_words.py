"""The texts for people use plain words: no jargon where everybody's word says the same.

What stands between backticks is what the reader types, and is left out. A text for those who write tools in Python, set up
models or check the trail may use their words; a text about a file of a flow may not.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowrun.words.extract import Message, extract

ROOT = Path(__file__).parents[3]
MESSAGES = extract(ROOT).messages

PLAIN = {
    r"pars(e|es|ed|er|ing)": "read",
    r"tokeni[sz]\w*": "word, sign",
    r"regex\w*|regular expression": "pattern",
    r"AST|syntax( tree)?": "how it is written",
    r"(de)?seriali[sz]\w*": "write as JSON, read",
    r"booleans?|truth values?": "true or false",
    r"enums?|enumeration": "list of values",
    r"strings?": "text",
    r"integers?": "whole number",
    r"floats?": "number",
    r"arrays?": "list",
    r"dict(s|ionary|ionaries)?|hash ?maps?": "map",
    r"operands?|operators?": "sign, word",
    r"literals?|constants?": "fixed value",
    r"nest(ed|ing|s)?": "inside each other",
    r"invalid|malformed|illegal": "not valid, or what is wrong",
    r"exceptions?|tracebacks?|stack ?traces?": "error",
    r"iterat(e|es|ion|ions|or)|iterables?": "repeat, for each",
    r"execut(e|es|ed|ion)": "run",
    r"instantiat\w*|instances?": "one, value",
    r"deprecated": "old",
    r"payloads?": "data",
    r"runtimes?": "flowrun",
    r"identifiers?": "name, id",
    r"concatenat\w*": "join",
    r"whitespace": "blanks",
    r"delimiters?": "sign",
    r"typographic": "curly",
    r"abort(ed|s)?": "end, stop",
    r"backends?|endpoints?": "server, address",
    r"fallback|default to": "otherwise",
    r"schema-less|untyped": "without a schema",
    r"recursi\w*": "inside itself",
    r"mutat\w*": "change",
    r"boilerplate|placeholder text": "text",
}
"""Words that no text may use, with the plain one."""
TYPED = re.compile(r"`[^`]*`|\{[a-z_][a-z0-9_]*\}|\$\{\{.*?\}\}")


def said(message: Message) -> str:
    """What a text says in words of its own."""
    return TYPED.sub(" ", " ".join([message.text, message.many or ""]))


@pytest.mark.parametrize("word", PLAIN)
def test_no_text_uses_jargon(word: str) -> None:
    jargon = re.compile(rf"\b(?:{word})\b", re.IGNORECASE if word.islower() else 0)
    found = {message.text: message.files for message in MESSAGES.values() if jargon.search(said(message))}
    assert found == {}, f"say: {PLAIN[word]}"


def test_a_sentence_about_a_flow_begins_with_a_capital_letter() -> None:
    rooms = ("runner/lang/", "runner/lint/")
    found = [
        message.text
        for message in MESSAGES.values()
        if any(file.startswith(rooms) for file in message.files) and re.match(r"[a-z].* .*\.$", message.text)
    ]
    assert found == []


def test_no_sentence_is_long() -> None:
    """Whoever reads an error has a problem already: a sentence has at most forty words."""
    long = [
        sentence
        for message in MESSAGES.values()
        for sentence in re.split(r"(?<=[.:;])\s+", message.text)
        if len(re.findall(r"[\w`{}-]+", sentence)) > 40
    ]
    assert long == []
