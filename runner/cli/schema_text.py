"""What `flowrun schema check` says, in sentences.

Owns: the words for each finding. What is found is `app.schemas`' part.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flowrun.cli.output import say
from flowrun.words import t, tn

if TYPE_CHECKING:
    from flowrun.app.schemas import Finding


def say_findings(found: Sequence[Finding], records: int) -> None:
    """Print the findings and a last line; `records` is how many records were looked at."""
    for item in found:
        say(_sentence(item), style={"kept": "green", "bridged": "yellow"}.get(item.state, "red"))
        if item.state in ("broken", "bridged") and item.document is not None:
            say(t("  For example: {document}", document=json.dumps(item.document, ensure_ascii=False)))
        for problem in item.problems if item.state == "broken" else ():
            say(f"    {problem}")
    checked = tn("{n} record checked", "{n} records checked", records)
    bad = sum(item.bad for item in found)
    if bad:
        say(t("{checked}: {problems}.", checked=checked, problems=tn("{n} problem", "{n} problems", bad)), style="red")
    else:
        say(t("{checked}: nothing breaks.", checked=checked), style="green")


def _sentence(item: Finding) -> str:
    old, new = f"{item.schema}@{item.before}", f"{item.schema}@{item.after}"
    match item.what, item.state:
        case "lock", _:
            return t("{old}: published, and changed since. Put the file back, and write the next version.", old=old)
        case "marks", _:
            return t("{new}: marks of personal data are gone; what they hid would be seen.", new=new)
        case "upgrade", "kept":
            return t("{old} → {new}: the upgrade makes valid records.", old=old, new=new)
        case "upgrade", _:
            return t("{old} → {new}: the upgrade makes a record that is not valid.", old=old, new=new)
        case "round_trip", "kept":
            return t("{old} → {new} → {old}: records come back as they were.", old=old, new=new)
        case "round_trip", _:
            return t("{old} → {new} → {old}: a record comes back changed.", old=old, new=new)
        case "reader", state:
            return _reader_sentence(item, new, state)
        case "backward", "kept":
            return t("{new}: every record of {old} is still valid.", old=old, new=new)
        case _, "kept":
            return t("{new}: whoever reads {old} can read it.", old=old, new=new)
        case _, "unknown":
            return t("{new}: it cannot be told whether it fits {old}. Compare the two by hand.", old=old, new=new)
        case "backward", "bridged":
            return t("{new}: not every record of {old} is valid, and the upgrade lifts them.", old=old, new=new)
        case "backward", _:
            return t("{new}: this record of {old} is not valid any more.", old=old, new=new)
        case _, "bridged":
            return t("{new}: whoever reads {old} cannot read it, and the way back is written.", old=old, new=new)
    return t("{new}: whoever reads {old} cannot read this record.", old=old, new=new)


def _reader_sentence(item: Finding, new: str, state: str) -> str:
    values: dict[str, Any] = {"reader": item.reader, "owner": item.owner, "new": new}
    if state == "kept":
        return t("{reader} can read {new}.", **values)
    if state == "bridged":
        return t("{reader} cannot read {new} as it is; the way back is written. {owner} should know.", **values)
    if state == "unknown":
        return t("It cannot be told whether {reader} can read {new}. {owner} should look.", **values)
    return t("{reader} cannot read {new}. {owner} should know before it is used.", **values)
