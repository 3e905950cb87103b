"""What a schema says of single values: marks, money, personal data, formats, lists of choices, defaults, patterns.

Owns: these findings about each part of a schema. Which fields there are is `schema_shape`'s part; what marks do in a run is
`privacy`'s.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from flowrun.lang.document import Map, Node, Scalar, Seq, plain
from flowrun.lang.reading import short
from flowrun.lint.findings import Findings
from flowrun.lint.schema_parts import Part, before, written
from flowrun.plan.marks import ROLES
from flowrun.values.money import is_currency
from flowrun.words import t

MARKS = ("x-pii", "x-secret", "x-untrusted", "x-money", "x-role")
FORMATS = (
    "date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri",
    "uri-reference", "iri", "iri-reference", "uuid", "uri-template", "json-pointer", "relative-json-pointer", "regex",
)  # fmt: skip
_MEANT = {
    "mail": "email",
    "e-mail": "email",
    "url": "uri",
    "datetime": "date-time",
    "timestamp": "date-time",
    "guid": "uuid",
}
_PERSONAL = {
    "email": "email", "e_mail": "email", "email_address": "email", "phone": "phone", "phone_number": "phone",
    "mobile": "phone", "telephone": "phone", "first_name": "name", "last_name": "name", "full_name": "name",
    "surname": "name", "customer_name": "name", "iban": "iban", "postal_address": "address", "street": "address",
    "date_of_birth": "birth_date", "birth_date": "birth_date",
}  # fmt: skip
_PERSONAL_ENDS = {"_email": "email", "_phone": "phone", "_iban": "iban"}
_MONEY = ("amount", "price", "fee")
_COUNTED = re.compile(r"(?:\[[^\]]+\]|\\[dw])\{\d+(?:,\d*)?\}")


def check_marks(part: Part, out: Findings) -> None:
    """Note what is wrong with the values that one part describes."""
    _spelling(part, out)
    _values(part, out)
    _money(part, out)
    _unmarked(part, out)
    _format(part, out)
    _enum(part, out)
    _pattern(part, out)
    _default(part, out)


def _spelling(part: Part, out: Findings) -> None:
    for word, (key, _) in part.words.items():
        if not word.startswith(("x-", "x_")) or word in MARKS:
            continue
        found = get_close_matches(word.lower().replace("_", "-"), MARKS, n=1, cutoff=0.7)
        if found:
            out.add(
                "misspelt-mark",
                t("`{word}` is no mark that flowrun knows, so the field is not protected.", word=word),
                key.span,
                help=t("Did you mean `{guess}`?", guess=found[0]),
                fix=written(found[0], key) if found[0] not in part.words else None,
            )


def _values(part: Part, out: Findings) -> None:
    for word in ("x-secret", "x-untrusted"):
        found = part.words.get(word)
        if found is None or isinstance(plain(found[1]), bool):
            continue
        said = str(plain(found[1])).lower()
        fix = {"yes": "true", "true": "true", "on": "true", "1": "true", "no": "false", "false": "false"}.get(said)
        message = t("`{word}` is true or false; what stands here marks nothing.", word=word)
        out.add("mark-value", message, short(found[1].span), help=t("Write `{word}: true`.", word=word), fix=fix)
    pii = part.words.get("x-pii")
    if pii is not None and not (isinstance(kind := plain(pii[1]), str) and kind):
        out.add(
            "mark-value",
            t("`x-pii` says which kind of personal data this is; what stands here marks nothing."),
            short(pii[1].span),
            help=t("Write one word, like `email`, `phone`, `name`, `address` or `free_text`."),
        )
    role = part.words.get("x-role")
    if role is not None and plain(role[1]) not in (*ROLES, "none"):
        out.add(
            "mark-value",
            t("`x-role` is one of {roles} or none.", roles=", ".join(ROLES)),
            short(role[1].span),
            help=t("It says what an argument decides: who receives something, how much, or which record."),
        )


def _money(part: Part, out: Findings) -> None:
    found = part.words.get("x-money")
    if found is None:
        return
    said, span = plain(found[1]), short(found[1].span)
    kinds = part.plain_kinds()
    if kinds and not kinds & {"number", "integer"}:
        message = t("`x-money` marks an amount, and this is no number.")
        out.add("money-mark", message, found[0].span, help=t("Write `type: number`, or take the mark out."))
    if not isinstance(said, str) or not said:
        out.add("money-mark", t("`x-money` names a currency."), span, help=t("Write a code like EUR."))
    elif not is_currency(said):
        names = _siblings(part)
        if said in names or part.owner is None:
            return
        upper = said.upper()
        guess = upper if is_currency(upper) else next(iter(get_close_matches(said, names, n=1, cutoff=0.7)), None)
        out.add(
            "money-mark",
            t("`{said}` is neither a currency nor a field beside this one.", said=said),
            span,
            help=t("Did you mean `{guess}`?", guess=guess)
            if guess
            else t("Write a code like EUR, or the name of the field beside this one that holds the code."),
            fix=written(guess, found[1]) if guess and isinstance(found[1], Scalar) else None,
        )


def _siblings(part: Part) -> list[str]:
    fields = None if part.owner is None else part.owner.get("properties")
    return [key.text for key, _ in fields[1].entries] if fields is not None and isinstance(fields[1], Map) else []


def _unmarked(part: Part, out: Findings) -> None:
    if part.key is None or part.marks("x-secret") or part.marks("x-role"):
        return
    name, kinds = part.name.lower(), part.plain_kinds()
    choice = "enum" in part.words or "const" in part.words
    if kinds & {"number", "integer"} and not choice and not part.marks("x-money") and _is_money(name):
        out.add(
            "unmarked-money",
            t("`{name}` looks like an amount of money, and no currency is marked.", name=part.name),
            part.key.span,
            help=t("Add `x-money: EUR` (the currency's code), so that amounts of two currencies are never compared."),
        )
    if kinds == {"string"} and not choice and not part.marks("x-pii"):
        ends = next((kind for end, kind in _PERSONAL_ENDS.items() if name.endswith(end)), None)
        kind = "email" if part.value("format") in ("email", "idn-email") else _PERSONAL.get(name) or ends
        if kind is not None:
            out.add(
                "unmarked-personal-data",
                t("`{name}` holds personal data, and no mark says so: it is shown to everybody.", name=part.name),
                part.key.span,
                help=t("Add `x-pii: {kind}`, so that it is hidden on screens and in exports.", kind=kind),
                edits=before(part.node, part.node.entries[0][0], "x-pii", kind),
            )


def _is_money(name: str) -> bool:
    return name in _MONEY or name.endswith(tuple(f"_{word}" for word in _MONEY))


def _format(part: Part, out: Findings) -> None:
    found = part.words.get("format")
    if found is None or not isinstance(found[1], Scalar) or found[1].text in FORMATS:
        return
    text = found[1].text
    guess = _MEANT.get(text.lower()) or next(iter(get_close_matches(text.lower(), FORMATS, n=1, cutoff=0.7)), None)
    out.add(
        "unknown-format",
        t("There is no format `{name}`, so nothing is checked.", name=text),
        found[1].span,
        help=t("Did you mean `{guess}`?", guess=guess)
        if guess
        else t("Write one of date, date-time, time, email, uri, uuid, or a `pattern`."),
        fix=written(guess, found[1]) if guess else None,
    )


def _enum(part: Part, out: Findings) -> None:
    found = part.words.get("enum")
    if found is None or not isinstance(found[1], Seq):
        return
    kinds, seen = part.kinds(), dict[str, Node]()
    for item in found[1].items:
        value = plain(item)
        if kinds and not any(_is(value, kind) for kind in kinds):
            null = value is None
            out.add(
                "enum-type",
                t("`type` does not allow {value}, so this choice can never be taken.", value=_shown(value)),
                short(item.span),
                help=t('Write `type: [string, "null"]`.') if null else t("Take `type` out, or mend one of the two."),
            )
        flat = " ".join(value.lower().split()) if isinstance(value, str) else _shown(value)
        first = seen.setdefault(flat, item)
        if first is not item:
            same = plain(first) == value
            out.add(
                "enum-twice",
                t("{value} stands twice in this list.", value=_shown(value))
                if same
                else t(
                    "{value} and {first} differ only in capitals or spaces.",
                    value=_shown(value),
                    first=_shown(plain(first)),
                ),
                short(item.span),
                help=t("Keep one of the two: nobody can tell them apart."),
                related=((short(first.span), t("first here")),),
            )


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool) or kind == "boolean":
        return isinstance(value, bool) and kind == "boolean"
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    types: dict[str, Any] = {"string": str, "number": (int, float), "null": type(None), "array": list, "object": dict}
    return isinstance(value, types.get(kind, object))


def _shown(value: Any) -> str:
    return "null" if value is None else f"`{value}`"


def _pattern(part: Part, out: Findings) -> None:
    found = part.words.get("pattern")
    if found is None or not isinstance(found[1], Scalar):
        return
    text = found[1].text
    if "^" not in text and "$" not in text and _COUNTED.search(text):
        whole = f"^(?:{text})$" if "|" in text else f"^{text}$"
        quotes = "'" + whole.replace("'", "''") + "'"  # many signs of patterns mean something in YAML
        out.add(
            "loose-pattern",
            t("This pattern is looked for anywhere in the text: more may stand before and after it."),
            found[1].span,
            help=t("Write `{whole}`, so that the whole text must fit.", whole=whole),
            fix=written(whole, found[1]) if found[1].style == "double" else quotes,
        )


def _default(part: Part, out: Findings) -> None:
    said = [item for item in (part.words.get("default"),) if item is not None]
    listed = part.words.get("examples")
    values: list[Node] = [value for _, value in said]
    if listed is not None and isinstance(listed[1], Seq):
        values += listed[1].items
    if not values or "$ref" in part.words:
        return
    from flowrun.errors import ConfigError
    from flowrun.records.validation import Checker

    try:
        checker = Checker({key.text: plain(value) for key, value in part.node.entries})
    except ConfigError:  # a reference into the whole, or a schema that is wrong in another way
        return
    for node in values:
        problems = checker.check(plain(node), placeholders=False)
        if problems:
            out.add(
                "default-outside",
                t("The field's own schema does not allow this value: {why}.", why=problems[0]["message"]),
                short(node.span),
                help=t("Mend the value, or what the schema says of it."),
            )
