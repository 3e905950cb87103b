"""The workspace: the nearest `flowrun.yaml` upward, or the bundled templates and the embedded desk without one.

Owns: finding and reading it. What a flow in it means is `app.flows`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flowrun.errors import ConfigError, FlowError
from flowrun.lang import spec_files
from flowrun.lang.files import matching, read_source, source_of
from flowrun.lang.parse import parse_workspace
from flowrun.lang.spec import Template
from flowrun.lint.supported import workspace_findings
from flowrun.lint.workspace import file_findings, role_findings
from flowrun.plan.model import ModelPlan, RolePlan
from flowrun.records.registry import Registry
from flowrun.words import speak, t

FILE = "flowrun.yaml"
DEFAULT_STORE = "sqlite:///.flowrun/flowrun.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace. `config` is None where there is no `flowrun.yaml`; `store_url` has an absolute path."""

    root: Path
    config: spec_files.WorkspaceFile | None
    store_url: str
    registry: Registry
    roles: Mapping[str, RolePlan]
    models: Mapping[str, ModelPlan]

    @property
    def time_zone(self) -> str:
        """The zone of days and times that name none."""
        return "UTC" if self.config is None else self.config.time_zone


def load_workspace(
    path: Path | None = None,
    store: str | None = None,
    *,
    whole: bool = True,
    stored: Mapping[str, bytes] | None = None,
) -> Workspace:
    """Return the workspace of a folder (or of a `flowrun.yaml`), else of the nearest one upward from here.

    Raises `FlowError` where the file is wrong or names files that are not there, `ConfigError` where it does not exist.
    `whole`: not so for a use that must work where the files that it names are gone, and reads none of them.
    `stored`: what to read in place of files on the disk.
    """
    file = workspace_file(path)
    root = file.parent if file is not None else (path or Path.cwd())
    config = None if file is None else _read(file, whole, (stored or {}).get(str(file)))
    if config is not None and not os.environ.get("FLOWRUN_LANGUAGE"):
        speak(config.language)
    url = store or os.environ.get("FLOWRUN_STORE") or (config.store if config else None) or DEFAULT_STORE
    return Workspace(
        root=root.resolve(),
        config=config,
        store_url=absolute_store(url, root),
        registry=Registry([root / "schemas" / "records"], stored),
        roles={} if config is None else {n: _role(r) for n, r in config.roles.items()},
        models=_models(config),
    )


def workspace_file(path: Path | None) -> Path | None:
    if path is not None:
        if path.is_file():
            return path
        if not path.is_dir():
            raise ConfigError(t("There is no workspace at {path}.", path=path), code="FR2001")
        return path / FILE if (path / FILE).is_file() else None
    here = Path.cwd()
    return next((f / FILE for f in (here, *here.parents) if (f / FILE).is_file()), None)


def _read(file: Path, whole: bool, stored: bytes | None) -> spec_files.WorkspaceFile:
    config, findings = parse_workspace(read_source(file) if stored is None else source_of(str(file), stored))
    if config is None:
        raise FlowError(findings)
    missing = [*workspace_findings(config), *role_findings(config)]
    if whole:
        missing += file_findings(config, lambda pattern: bool(matching(file.parent, pattern)))
    if missing:
        raise FlowError(missing)
    return config


def absolute_store(url: str, root: Path) -> str:
    """Return a store with an absolute path; a relative one is below `root`."""
    prefix = "sqlite:///"
    if not url.startswith(prefix):
        return url
    path = Path(url.removeprefix(prefix))
    return prefix + str(path if path.is_absolute() else (root / path).resolve())


def _role(role: spec_files.RoleSpec) -> RolePlan:
    return RolePlan(members=list(role.members), within=role.within, then=role.then)


def _models(config: spec_files.WorkspaceFile | None) -> Mapping[str, ModelPlan]:
    models = {} if config is None else {name: _model(model) for name, model in config.models.items()}
    models.setdefault("examples", ModelPlan(name="examples", provider="examples"))
    return models


def _model(model: spec_files.ModelSpec) -> ModelPlan:
    price = model.price
    known: dict[str, int] = {}
    if model.max_output_tokens is not None:
        known["max_output_tokens"] = model.max_output_tokens
    return ModelPlan(
        name=model.name,
        provider=model.provider,
        model=model.model,
        base_url=_text(model.base_url),
        key_env=_variable(model.key),
        input_price=None if price is None else price.input,
        output_price=None if price is None else price.output,
        currency="USD" if price is None else price.currency,
        priced_on=None if price is None else price.dated,
        capabilities=list(model.capabilities or ()),
        context_tokens=model.context_tokens,
        options=dict(model.options),
        **known,
    )


def _variable(template: Template | None) -> str | None:
    """Return the environment variable that a `key` names; the value itself never enters a plan."""
    if template is None:
        return None
    node = template.node
    if node[0] == "attr" and node[1] in (["name", "env"], ["name", "secret"]):
        return str(node[2])
    raise ConfigError(
        t("{span}: a key is never written into a file.", span=template.span),
        help=t("Write ${{ secret.NAME }}."),
        code="FR2011",
    )


def _text(template: Template | None) -> str | None:
    """Return a text that may read the environment, such as `base_url`."""
    if template is None:
        return None
    from flowrun.values.evaluate import compile_node
    from flowrun.values.names import Names

    names = Names()
    names.more = {"env": dict(os.environ)}
    value = compile_node(template.node)(names)
    return value if isinstance(value, str) else None
