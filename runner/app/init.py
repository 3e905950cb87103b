"""A new workspace from a bundled template.

Owns: which files a workspace begins with, and that none is overwritten. What the files mean is `lang`'s part.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec

import flowrun.schemas
from flowrun.app.flows import SUFFIX, bundled
from flowrun.app.names import editor_settings, refresh_schemas
from flowrun.app.workspace import load_workspace
from flowrun.errors import InputError
from flowrun.lang import spec
from flowrun.lang.expr_problem import suggestion
from flowrun.lang.files import read_source
from flowrun.lang.parse import SHAPES, parse_flow, parse_policy
from flowrun.words import t

TEMPLATE = "support_to_ticket"
MEMBERS = ("Sam", "Kim", "Robin")
"""Made-up people for the roles; different ones, for some approvals need two."""
LEFT_OUT = {"__pycache__", "__init__.py"}

CONFIG = """\
# yaml-language-server: $schema=schemas/workspace/v1.json
# The workspace: who may approve and answer, which models are used, where runs are kept.

roles:                                # who may say yes, and until when
{roles}
models:                               # the first one is the usual one
  examples: {{provider: examples}}      # learns from *.examples.yaml on this machine: no key, no cost, modest
  # mini:
  #   provider: openai
  #   model: NAME                     # as the provider writes it
  #   key: ${{{{ env.OPENAI_API_KEY }}}}
  #   price: {{input: 0.15 USD, output: 0.60 USD, dated: "2026-01-01"}}   # for a million tokens

time_zone: UTC
store: sqlite:///.flowrun/flowrun.db
"""

CI = """\
# Checks every flow on every change: findings, then tests. No model and no tool is reached.
name: flows
on: [push, pull_request]
permissions: {contents: read}
jobs:
  flows:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.11"}
      - run: pip install "flowrun-ai[local]"
      - run: flowrun lint --format github   # findings stand beside the changed lines of a pull request
      - run: flowrun test
"""

README = """\
# A flowrun workspace

| file | holds |
|---|---|
| `flowrun.yaml` | roles, models, the store |
| `flows/{template}/` | the flow, its policy, its examples, its tests and sample inputs; its `README.md` explains it |
| `schemas/records/` | the forms of inputs, answers and records; a published version never changes |
| `schemas/flow/` and the like | what editors check while you type; `flowrun schema editor` renews it |
| `.github/workflows/flows.yml` | the same checks on every change |

```
flowrun lint                 # all findings, with places
flowrun test                 # the tests beside the flows
flowrun run {template} --input {sample}
flowrun inbox                # what waits for a person
```

Runs are kept in `.flowrun/`, which stays out of version control.
"""


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """A new workspace: its folder, the files written (relative to it), the flow, and a sample input where there is one."""

    root: Path
    files: list[str]
    flow: str
    sample: str | None


def templates() -> list[str]:
    """Return the names of the bundled templates."""
    return sorted(file.parent.name for file in bundled().glob(f"*/*{SUFFIX}"))


def create(root: Path, template: str = TEMPLATE) -> Created:
    """Write a workspace.

    Raises `InputError`: FR3015 for an unknown template, FR3016 where a file exists already (then nothing is written) or
    cannot be written.
    """
    known = templates()
    if template not in known:
        raise InputError(
            t("There is no template {template}.", template=template),
            help=suggestion(template, known) or t("Templates: {known}.", known=", ".join(known)),
            code="FR3015",
        )
    source = bundled() / template
    files = dict(_files(source, template))
    there = [name for name in files if (root / name).exists() or (root / name).is_symlink()]
    if there:
        more = f" and {len(there) - 5} more" if len(there) > 5 else ""
        raise InputError(
            t(
                "{root} has {there}{more} already; nothing was written.",
                root=root,
                there=", ".join(there[:5]),
                more=more,
            ),
            help=t("Name an empty or new folder: flowrun init DIR"),
            code="FR3016",
        )
    try:
        for name, data in files.items():
            path = root / name
            # What customers wrote is kept in .flowrun: for this user only.
            path.parent.mkdir(mode=0o700 if path.parent.name == ".flowrun" else 0o777, parents=True, exist_ok=True)
            with path.open("xb") as stream:
                stream.write(data)
    except OSError as error:
        raise InputError(
            t(
                "{filename} cannot be written: {why}.",
                filename=error.filename or root,
                why=(error.strerror or "unknown reason").lower(),
            ),
            code="FR3016",
        ) from None
    refresh_schemas(load_workspace(root))
    return Created(root=root, files=list(files), flow=template, sample=_sample(source, template))


def _files(source: Path, template: str) -> Iterator[tuple[str, bytes]]:
    flow = parse_flow(read_source(source / f"{template}{SUFFIX}"))[0]
    assert flow is not None, f"the bundled template {template} is broken"
    roles = "".join(
        f"  {role}: {{members: [{member}], within: 1d}}\n"
        for role, member in zip(_roles(source, flow), cycle(MEMBERS), strict=False)
    )
    sample = _sample(source, template) or "FILE"
    yield "flowrun.yaml", CONFIG.format(roles=roles).encode()
    yield "README.md", README.format(template=template, sample=sample).encode()
    for file in sorted(source.rglob("*")):
        if file.is_file() and not LEFT_OUT & set(file.relative_to(source).parts):
            yield f"flows/{template}/{file.relative_to(source).as_posix()}", file.read_bytes()
    schemas = Path(flowrun.schemas.__file__).parent
    for name in sorted(_records(source)):
        base, _, version = name.partition("@")
        record = schemas / "records" / base / f"v{version}.json"
        if record.is_file():
            yield f"schemas/records/{base}/v{version}.json", record.read_bytes()
    for kind in SHAPES:  # the names of the workspace come into them once it is there
        yield f"schemas/{kind}/v1.json", (schemas / kind / "v1.json").read_bytes()
    yield ".vscode/settings.json", _json(editor_settings())
    yield ".vscode/extensions.json", _json({"recommendations": ["redhat.vscode-yaml"]})
    yield ".github/workflows/flows.yml", CI.encode()
    yield ".flowrun/.gitignore", b"*\n"


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


def _sample(source: Path, template: str) -> str | None:
    samples = sorted((source / "samples").glob("*.json"))
    lines = source / "samples.jsonl"
    if not samples or not lines.is_file():
        return None if not samples else f"flows/{template}/samples/{samples[0].name}"
    wanted = json.loads(lines.read_text(encoding="utf-8").partition("\n")[0])
    first = next((file for file in samples if json.loads(file.read_text(encoding="utf-8")) == wanted), samples[0])
    return f"flows/{template}/samples/{first.name}"


def _records(source: Path) -> set[str]:
    """Return the `NAME@N` that a template's flow files use."""
    found: set[str] = set()
    for file in source.glob(f"*{SUFFIX}"):
        flow = parse_flow(read_source(file))[0]
        if flow is not None:
            found |= {str(use) for use in _walk(flow) if isinstance(use, spec.SchemaUse) and use.inline is None}
    return found


def _roles(source: Path, flow: spec.Flow) -> list[str]:
    """Return every role that a template names, the owner first; the customer is none."""
    policies = [parse_policy(read_source(file))[0] for file in sorted(source.glob("*.policy.yaml"))]
    parts = [flow, *(policy for policy in policies if policy is not None)]
    roles = [flow.owner]
    for part in parts:
        for item in _walk(part):
            if isinstance(item, spec.Rule):
                roles += item.approver
            elif isinstance(item, spec.AskPerson):
                roles.append(item.to)
    return [role for role in dict.fromkeys(roles) if role != "customer"]


def _walk(value: Any) -> Iterator[Any]:
    """Yield every part of a typed file."""
    yield value
    if isinstance(value, Mapping):
        children = list(value.values())
    elif isinstance(value, tuple):
        children = list(value)
    else:
        children = [getattr(value, name) for name in getattr(value, "__struct_fields__", ())]
    for child in children:
        if not isinstance(child, str | int | float | None):
            yield from _walk(child)
