"""The shape of a schema: which fields there are, which must be there, and words that JSON Schema does not know.

Owns: these findings about each part of a schema. Marks and kinds of values are `schema_marks`.
"""

from __future__ import annotations

from difflib import get_close_matches

from flowrun.lang.document import Map, Node, Scalar, Seq
from flowrun.lang.expr_problem import closest
from flowrun.lang.reading import short
from flowrun.lint.findings import Findings
from flowrun.lint.schema_parts import Part, before, written
from flowrun.words import mark, t

BY_KIND = {
    "string": ("minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType", "contentSchema"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"),
    "object": (
        "properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties",
        "maxProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties",
    ),
}  # fmt: skip
"""Words that say something about one kind of value only."""

KINDS = {
    "string": mark("a text"),
    "number": mark("a number"),
    "array": mark("a list"),
    "object": mark("a record"),
    "boolean": mark("true or false"),
}

KNOWN = frozenset(
    {
        "$schema", "$id", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$comment", "$defs",
        "definitions", "dependencies", "if", "then", "else", "allOf", "anyOf", "oneOf", "not", "unevaluatedItems", "type",
        "enum", "const", "title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples",
        *(word for words in BY_KIND.values() for word in words),
    }
)  # fmt: skip
MEANT = {
    "nullable": "",
    "example": "examples",
    "values": "enum",
    "options": "enum",
    "choices": "enum",
    "min": "minimum",
    "max": "maximum",
    "regex": "pattern",
    "pii": "x-pii",
    "secret": "x-secret",
    "untrusted": "x-untrusted",
    "money": "x-money",
    "role": "x-role",
}
"""Words of other tools, and slips, with the word that does what they were meant to do."""

_SAYS = (
    "type",
    "enum",
    "const",
    "$ref",
    "$dynamicRef",
    *("anyOf", "oneOf", "allOf", "not", "if"),
    "properties",
    "items",
)
_BOUNDS = (
    ("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties"), ("minimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"), ("minimum", "exclusiveMaximum"), ("exclusiveMinimum", "maximum"),
)  # fmt: skip


def check_shape(part: Part, root: Map, out: Findings) -> None:
    """Note what is wrong with the shape of one part of the schema `root`."""
    if "properties" in part.words and not part.piece and part.plain_kinds() <= {"object"}:
        _open(part, out)
        _optional(part, out)
    _required(part, out)
    _untyped(part, out)
    _unknown(part, out)
    _idle(part, out)
    _bounds(part, out)
    _reference(part, root, out)


def _open(part: Part, out: Findings) -> None:
    if "allOf" in part.words or part.value("unevaluatedProperties") is False:
        return
    said = part.words.get("additionalProperties")
    help_ = t("Write `additionalProperties: false`, so that a misspelt or unexpected field is found and not stored.")
    if said is None:
        key = part.words["properties"][0]
        message = t("This record takes any field, also ones that nobody has named.")
        edits = before(part.node, key, "additionalProperties", False)
        out.add("open-schema", message, key.span, help=help_, edits=edits)
    elif isinstance(said[1], Scalar) and said[1].value is True:
        message = t("This record takes any field, also ones that nobody has named.")
        out.add("open-schema", message, said[1].span, help=help_, fix="false")


def _optional(part: Part, out: Findings) -> None:
    fields = part.words["properties"][1]
    if not isinstance(fields, Map) or not fields.entries or part.value("required") or "allOf" in part.words:
        return
    if any(word in part.words for word in ("anyOf", "oneOf", "minProperties", "dependentRequired")):
        return
    names = ", ".join(key.text for key, _ in fields.entries[:5])
    out.add(
        "all-optional",
        t("No field of this record must be there, so an empty record is fine."),
        part.words["required" if "required" in part.words else "properties"][0].span,
        help=t("Name the fields that are always there: `required: [{names}]`.", names=names),
    )


def _required(part: Part, out: Findings) -> None:
    listed, fields = part.words.get("required"), part.words.get("properties")
    if listed is None or fields is None or part.piece or not isinstance(listed[1], Seq):
        return
    if not isinstance(fields[1], Map) or any(word in part.words for word in ("patternProperties", "allOf", "$ref")):
        return
    names = [key.text for key, _ in fields[1].entries]
    asked = {item.text for item in listed[1].items if isinstance(item, Scalar)}
    closed = part.value("additionalProperties") is False
    for item in listed[1].items:
        if not isinstance(item, Scalar) or item.text in names:
            continue
        guess = closest(item.text, [name for name in names if name not in asked])
        message = t("`required` asks for the field `{name}`, and this record has none.", name=item.text)
        if closed:
            message = t("`required` asks for `{name}`, which this record does not allow: nothing fits.", name=item.text)
        out.add(
            "required-unknown",
            message,
            item.span,
            help=t("Did you mean `{guess}`?", guess=guess)
            if guess
            else t("Add the field under `properties`, or take it out of `required`."),
            fix=written(guess, item) if guess else None,
            severity="error" if closed else "warning",
        )


def _untyped(part: Part, out: Findings) -> None:
    """A field that says nothing about its value takes anything; `true` in its place is looked at with its owner."""
    fields = part.words.get("properties")
    if fields is None or not isinstance(fields[1], Map):
        return
    for key, value in fields[1].entries:
        silent = isinstance(value, Map) and not any(word.text in _SAYS for word, _ in value.entries)
        if silent or (isinstance(value, Scalar) and value.value is True):
            if part.piece:
                continue
            out.add(
                "untyped-field",
                t("The field `{name}` takes anything: a text, a number, a list.", name=key.text),
                key.span,
                help=t("Say what it is, like `type: string`, or list its values: `enum: [low, high]`."),
            )


def _unknown(part: Part, out: Findings) -> None:
    for word, (key, _) in part.words.items():
        if word in KNOWN or word.startswith("x-") or word.startswith("$"):
            continue
        meant = MEANT[word] if word in MEANT else _spelt(word)
        if word == "nullable":
            help_ = t('For a value that may be missing write `type: [string, "null"]`.')
        elif meant:
            help_ = t("Did you mean `{guess}`?", guess=meant)
        else:
            help_ = t("Take it out, or put it under `properties` if it is a field. Words of your own start with `x-`.")
        out.add(
            "unknown-schema-word",
            t("A JSON Schema has no word `{word}`, so it does nothing here.", word=word),
            key.span,
            help=help_,
            fix=written(meant, key) if meant and meant not in part.words else None,
        )


def _spelt(word: str) -> str:
    """Return the word that was meant: the same letters in another spelling, else one that is close."""
    flat = {known.lower(): known for known in KNOWN}
    plain = word.lower().replace("_", "").replace("-", "")
    if plain in flat:
        return flat[plain]
    found = get_close_matches(plain, flat, n=1, cutoff=0.8)
    return flat[found[0]] if found else ""


def _idle(part: Part, out: Findings) -> None:
    kinds = {"number" if kind == "integer" else kind for kind in part.kinds() - {"null"}}
    if not kinds:
        return
    for kind, words in BY_KIND.items():
        if kind in kinds:
            continue
        for word in words:
            if word in part.words:
                about, said = t(KINDS[kind]), t(KINDS[min(kinds)])
                out.add(
                    "word-without-effect",
                    t(
                        "`{word}` is about {kind}, and this is {said}: it does nothing.",
                        word=word,
                        kind=about,
                        said=said,
                    ),
                    part.words[word][0].span,
                    help=t("Take `{word}` out, or mend `type`.", word=word),
                )


def _bounds(part: Part, out: Findings) -> None:
    for low, high in _BOUNDS:
        least, most = part.value(low), part.value(high)
        if not _number(least) or not _number(most):
            continue
        strict = low.startswith("exclusive") or high.startswith("exclusive")
        if least > most or (strict and least == most):
            out.add(
                "impossible-bounds",
                t(
                    "`{low}` is {least} and `{high}` is {most}: nothing fits.",
                    low=low,
                    least=least,
                    high=high,
                    most=most,
                ),
                part.words[high][1].span,
                help=t("Swap the two, or mend one of them."),
                related=((part.words[low][1].span, t("the other end")),),
            )


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _reference(part: Part, root: Map, out: Findings) -> None:
    found = part.words.get("$ref")
    if found is None or not isinstance(found[1], Scalar):
        return
    target, span = found[1].text, short(found[1].span)
    if not target.startswith("#"):
        out.add("lost-ref", t("`$ref` points to {target}, and nothing is fetched.", target=target), span, help=_here())
    elif target != "#" and target.startswith("#/") and _at(root, target) is None:
        known = [f"#/$defs/{key.text}" for key, _ in _entries(root.get("$defs"))]
        guess = closest(target, {name.lower(): name for name in known}) if known else None
        meant = next((name for name in known if name.lower() == guess), None)
        help_ = t("Did you mean `{guess}`?", guess=meant) if meant else _here()
        message = t("`$ref` points to {target}, and there is nothing.", target=target)
        out.add("lost-ref", message, span, help=help_, fix=written(meant, found[1]) if meant else None)


def _here() -> str:
    return t("Write the part into this schema, under `$defs`, and point to `#/$defs/NAME`.")


def _entries(node: Node | None) -> tuple[tuple[Scalar, Node], ...]:
    return node.entries if isinstance(node, Map) else ()


def _at(root: Node, pointer: str) -> Node | None:
    place: Node | None = root
    for token in pointer[2:].split("/"):
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(place, Map):
            place = place.get(name)
        elif isinstance(place, Seq) and name.isdecimal() and int(name) < len(place.items):
            place = place.items[int(name)]
        else:
            return None
    return place
