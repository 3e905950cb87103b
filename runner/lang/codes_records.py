"""FR18xx: findings about records from version to version.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

_V1 = """\
# file: schemas/records/letter/v1.json
{"title": "A letter", "type": "object", "additionalProperties": false, "required": ["subject", "tone"],
 "properties": {"subject": {"type": "string", "maxLength": 90, "description": "What it is about."},
                "tone": {"type": "string", "maxLength": 20, "description": "How it sounds."}}}
"""
_V2 = """\
# file: schemas/records/letter/v2.json
{"title": "A letter", "type": "object", "additionalProperties": false, "required": ["subject"],
 "properties": {"subject": {"type": "string", "maxLength": 90, "description": "What it is about."}}}
"""
_LOCK = """\
# file: flowrun.lock
version: 1
schemas:
  letter@1: """

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "schema-changed": (
        "FR1801",
        "error",
        "A published version was changed",
        "Records of this version exist, and people and programs rely on what it says. A published version never changes: put "
        "the file back as it was, and write the change into the next version.",
        f"{_LOCK}sha256:0000000000000000000000000000000000000000000000000000000000000000\n{_V1}",
        f"{_LOCK}sha256:d4e1964bc49ee909dc1a46a8be8fdb2a63d0a9e9ba1d146a89c37f2831a6bd2f\n{_V1}",
    ),
    "field-dropped": (
        "FR1802",
        "warning",
        "A field is lost on the way to the new version",
        "The old record has the field and the new one does not, and nothing is made of its value. If that is meant, name the "
        "field under `drop`, so that everybody sees that it is.",
        f"# file: schemas/records/letter/v1_to_v2.yaml\nupgrade: letter\nfrom: 1\nto: 2\n{_V1}{_V2}",
        f"# file: schemas/records/letter/v1_to_v2.yaml\nupgrade: letter\nfrom: 1\nto: 2\ndrop: [tone]\n{_V1}{_V2}",
    ),
    "upgrade-place": (
        "FR1803",
        "error",
        "An upgrade in the wrong place",
        "Upgrades are found by their place: schemas/records/NAME/vN_to_vM.yaml. What the file says about itself must be the "
        "same, or another record would be lifted with it.",
        f"# file: schemas/records/letter/v1_to_v2.yaml\nupgrade: note\nfrom: 1\nto: 2\ndrop: [tone]\n{_V1}{_V2}",
        f"# file: schemas/records/letter/v1_to_v2.yaml\nupgrade: letter\nfrom: 1\nto: 2\ndrop: [tone]\n{_V1}{_V2}",
    ),
}
