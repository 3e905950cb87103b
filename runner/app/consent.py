"""Reading a customer's free-text yes or no.

Owns: the closed question whether a text says yes, no or neither, in English and German. It never guesses: a text with
anything in it that is neither agreement, refusal nor politeness is unclear, and the question is asked again.
"""

from __future__ import annotations

import re
from typing import Literal

Reading = Literal["yes", "no", "unclear"]

YES = frozenset(
    {
        "yes", "y", "yep", "yeah", "yup", "ok", "okay", "sure", "certainly", "absolutely", "definitely", "agreed",
        "confirmed", "correct", "approved", "ja", "j", "jawohl", "jo", "gerne", "gern", "klar", "sicher", "natürlich",
        "natuerlich", "einverstanden", "bestätigt", "bestaetigt", "passt", "richtig", "genehmigt",
    }
)  # fmt: skip
NO = frozenset(
    {"no", "n", "nope", "nah", "never", "stop", "nein", "nö", "noe", "nee", "niemals", "nie", "stopp", "keinesfalls"}
)
POLITE = frozenset({"please", "thanks", "thank", "you", "bitte", "danke", "vielen", "dank", "schön", "schoen"})
"""Words that change nothing."""

YES_PHRASES = frozenset(
    {
        "of course", "go ahead", "do it", "please do", "please do it", "i agree", "i confirm", "i approve", "that is fine",
        "that's fine", "sounds good", "that is correct", "that's correct", "that's right", "yes i agree", "yes i confirm",
        "yes go ahead", "yes do it", "yes please do it", "yes please do", "yes of course", "yes that is correct",
        "ich stimme zu", "ich bin einverstanden", "mach das", "machen sie das", "ja mach das", "ja machen sie das",
        "auf jeden fall", "ja auf jeden fall", "in ordnung", "ja in ordnung", "ich bestätige", "ja ich stimme zu",
        "ja ich bin einverstanden", "das ist richtig", "ja das ist richtig", "geht klar", "alles klar",
    }
)  # fmt: skip
NO_PHRASES = frozenset(
    {
        "don't", "do not", "please don't", "please do not", "don't do it", "do not do it", "no don't", "no do not",
        "no don't do it", "no do not do it", "please don't do it", "i don't agree", "i do not agree", "i disagree",
        "no i don't agree", "no way", "not ok", "not okay", "no i do not", "no i don't", "i refuse",
        "nicht", "bitte nicht", "auf keinen fall", "nein auf keinen fall", "lieber nicht", "nein lieber nicht",
        "ich stimme nicht zu", "nein ich stimme nicht zu", "nicht einverstanden", "ich bin nicht einverstanden",
        "ich lehne ab", "nein bitte nicht", "mach das nicht", "machen sie das nicht", "kommt nicht in frage",
    }
)  # fmt: skip
_ODD = re.compile(r"[^\w\s.,!'’-]|[0-9_]")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def read_yes_no(text: str) -> Reading:
    """Return what a reply says. A question, a number, a condition (`yes, but …`) or both words are unclear."""
    if len(text) > 200 or _ODD.search(text):
        return "unclear"
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    bare = " ".join(words)
    if bare in YES_PHRASES:
        return "yes"
    if bare in NO_PHRASES:
        return "no"
    meant = {"yes" if word in YES else "no" if word in NO else "polite" if word in POLITE else "else" for word in words}
    if "else" in meant:
        return "unclear"
    meant.discard("polite")
    if meant == {"yes"}:
        return "yes"
    return "no" if meant == {"no"} else "unclear"
