"""FR160x and FR161x: findings about the schemas of records, inputs and answers.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "schema-file": (
        "FR1601",
        "error",
        "A schema file that cannot be read",
        "A schema file is JSON: every text in double quotes, a comma between two fields, none after the last. What it says "
        "is JSON Schema 2020-12.",
        '# file: schemas/records/parcel/v1.json\n{"type": "object",}',
        '# file: schemas/records/parcel/v1.json\n{"type": "object"}',
    ),
    "open-schema": (
        "FR1602",
        "warning",
        "A record that takes any field",
        "Without `additionalProperties: false` a field that is misspelt, or that a model made up, is stored with the rest, and "
        "nobody notices that the right one is missing.",
        "# file: schemas/records/parcel/v1.json\n"
        '{"type": "object", "properties": {"size": {"enum": ["s", "l"]}}, "required": ["size"]}',
        "# file: schemas/records/parcel/v1.json\n"
        '{"type": "object", "additionalProperties": false, "properties": {"size": {"enum": ["s", "l"]}}, "required": ["size"]}',
    ),
    "all-optional": (
        "FR1603",
        "warning",
        "A record in which nothing must be there",
        "Where no field is required, an empty record is a good record, and whoever reads it must reckon with every gap. A field "
        "that may be empty is required and may be null.",
        "# file: schemas/records/parcel/v1.json\n"
        '{"type": "object", "properties": {"size": {"enum": ["s", "l"]}}, "additionalProperties": false}',
        "# file: schemas/records/parcel/v1.json\n"
        '{"type": "object", "properties": {"size": {"enum": ["s", "l"]}}, "required": ["size"], "additionalProperties": false}',
    ),
    "required-unknown": (
        "FR1604",
        "error",
        "A required field that the record does not have",
        "A name under `required` that does not stand under `properties` is a slip. Where other fields are forbidden too, no "
        "record can ever fit.",
        "# file: schemas/records/parcel/v1.json\n"
        '{"type": "object", "properties": {"size": {"enum": ["s", "l"]}}, "required": ["siize"], "additionalProperties": false}',
        "# file: schemas/records/parcel/v1.json\n"
        '{"type": "object", "properties": {"size": {"enum": ["s", "l"]}}, "required": ["size"], "additionalProperties": false}',
    ),
    "untyped-field": (
        "FR1605",
        "warning",
        "A field that takes anything",
        "Without a type, a text, a number and a list are all right, and expressions that read the field cannot be checked.",
        "# file: schemas/records/parcel/v1.json\n"
        '{"type": "object", "properties": {"size": {"title": "Size"}}, "required": ["size"], "additionalProperties": false}',
        "# file: schemas/records/parcel/v1.json\n"
        '{"type": "object", "properties": {"size": {"title": "Size", "enum": ["s", "l"]}}, "required": ["size"], '
        '"additionalProperties": false}',
    ),
    "unknown-schema-word": (
        "FR1606",
        "warning",
        "A word that JSON Schema does not have",
        "Words that JSON Schema does not know are silently passed over, so a misspelt limit limits nothing. `nullable` and "
        "`example` belong to other tools.",
        '# file: schemas/records/parcel_text/v1.json\n{"type": "string", "maxlength": 200}',
        '# file: schemas/records/parcel_text/v1.json\n{"type": "string", "maxLength": 200}',
    ),
    "word-without-effect": (
        "FR1607",
        "warning",
        "A limit for another kind of value",
        "`maxLength` limits texts, `maximum` limits numbers, `maxItems` limits lists. On another kind of value they do nothing.",
        '# file: schemas/records/stars/v1.json\n{"type": "integer", "maxLength": 5}',
        '# file: schemas/records/stars/v1.json\n{"type": "integer", "maximum": 5}',
    ),
    "impossible-bounds": (
        "FR1608",
        "error",
        "Bounds that nothing fits",
        "The lower end lies above the upper one, so every value is refused.",
        '# file: schemas/records/stars/v1.json\n{"type": "integer", "minimum": 5, "maximum": 1}',
        '# file: schemas/records/stars/v1.json\n{"type": "integer", "minimum": 1, "maximum": 5}',
    ),
    "lost-ref": (
        "FR1609",
        "error",
        "A reference that leads nowhere",
        "`$ref` points to a part of the same schema, as `#/$defs/NAME`. Nothing is fetched from elsewhere, so that a schema "
        "means the same everywhere.",
        "# file: schemas/records/stars/v1.json\n"
        '{"$defs": {"stars": {"type": "integer"}}, "type": "array", "items": {"$ref": "#/$defs/star"}}',
        "# file: schemas/records/stars/v1.json\n"
        '{"$defs": {"stars": {"type": "integer"}}, "type": "array", "items": {"$ref": "#/$defs/stars"}}',
    ),
    "misspelt-mark": (
        "FR1610",
        "warning",
        "A mark that is misspelt",
        "Marks are `x-pii`, `x-secret`, `x-untrusted`, `x-money` and `x-role`. A word that only looks like one protects nothing.",
        '# file: schemas/records/contact/v1.json\n{"type": "string", "format": "email", "x-pi": "email"}',
        '# file: schemas/records/contact/v1.json\n{"type": "string", "format": "email", "x-pii": "email"}',
    ),
    "mark-value": (
        "FR1611",
        "error",
        "A mark with a value that marks nothing",
        "`x-secret` and `x-untrusted` are true or false without quotes, `x-pii` is the kind of personal data, `x-role` says "
        "what an argument decides.",
        '# file: schemas/records/door/v1.json\n{"type": "string", "x-secret": "yes"}',
        '# file: schemas/records/door/v1.json\n{"type": "string", "x-secret": true}',
    ),
    "money-mark": (
        "FR1612",
        "error",
        "A currency that cannot be found",
        "`x-money` names a currency (`EUR`), or the field beside it that holds the currency's code. It stands on a number.",
        '# file: schemas/records/fee/v1.json\n{"type": "object", "properties": {"net": {"type": "number", "x-money": "eur"}}, '
        '"required": ["net"], "additionalProperties": false}',
        '# file: schemas/records/fee/v1.json\n{"type": "object", "properties": {"net": {"type": "number", "x-money": "EUR"}}, '
        '"required": ["net"], "additionalProperties": false}',
    ),
    "unmarked-money": (
        "FR1613",
        "warning",
        "An amount without a currency",
        "Amounts are compared and added up only in one currency. `x-money` says which, so that 50 EUR and 50 USD are never "
        "taken for the same.",
        '# file: schemas/records/fee/v1.json\n{"type": "object", "properties": {"amount": {"type": "number"}}, '
        '"required": ["amount"], "additionalProperties": false}',
        '# file: schemas/records/fee/v1.json\n{"type": "object", "properties": {"amount": {"type": "number", "x-money": '
        '"EUR"}}, "required": ["amount"], "additionalProperties": false}',
    ),
    "unmarked-personal-data": (
        "FR1614",
        "warning",
        "Personal data without a mark",
        "What is marked `x-pii` is hidden on screens, in exports and, where the workspace says so, from models. A field that "
        "holds an address, a telephone number or a name needs the mark.",
        '# file: schemas/records/contact/v1.json\n{"type": "object", "properties": {"phone": {"type": "string"}}, '
        '"required": ["phone"], "additionalProperties": false}',
        '# file: schemas/records/contact/v1.json\n{"type": "object", "properties": {"phone": {"x-pii": "phone", "type": '
        '"string"}}, "required": ["phone"], "additionalProperties": false}',
    ),
    "unknown-format": (
        "FR1615",
        "warning",
        "A format that nobody checks",
        "JSON Schema has a fixed list of formats. One that is not on it is passed over, and any text is fine.",
        '# file: schemas/records/day/v1.json\n{"type": "string", "format": "datetime"}',
        '# file: schemas/records/day/v1.json\n{"type": "string", "format": "date-time"}',
    ),
    "enum-type": (
        "FR1616",
        "warning",
        "A choice that can never be taken",
        "`type` and `enum` both hold. A value of the list that the type does not allow, such as null beside `type: string`, is "
        "always refused.",
        '# file: schemas/records/size/v1.json\n{"type": "string", "enum": ["s", "l", null]}',
        '# file: schemas/records/size/v1.json\n{"type": ["string", "null"], "enum": ["s", "l", null]}',
    ),
    "enum-twice": (
        "FR1617",
        "warning",
        "One choice twice",
        "Two entries that are the same, or differ only in capitals or spaces, split what belongs together: half of the cases is "
        "counted under each.",
        '# file: schemas/records/size/v1.json\n{"enum": ["small", "large", "Small"]}',
        '# file: schemas/records/size/v1.json\n{"enum": ["small", "large"]}',
    ),
    "loose-pattern": (
        "FR1618",
        "warning",
        "A pattern that looks only at a part",
        "A pattern is looked for anywhere in the text. `[0-9]{5}` also takes 123456789; with ^ and $ the whole text must fit.",
        '# file: schemas/records/postcode/v1.json\n{"type": "string", "pattern": "[0-9]{5}"}',
        '# file: schemas/records/postcode/v1.json\n{"type": "string", "pattern": "^[0-9]{5}$"}',
    ),
    "default-outside": (
        "FR1619",
        "warning",
        "An example that its own schema refuses",
        "`default` and `examples` show people what to write. What they show must be right.",
        '# file: schemas/records/stars/v1.json\n{"type": "integer", "maximum": 5, "default": 10}',
        '# file: schemas/records/stars/v1.json\n{"type": "integer", "maximum": 5, "default": 5}',
    ),
}
