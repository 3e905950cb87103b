"""The composition root: the only place where a port meets an adapter.

Owns: which adapter stands behind each port for a workspace. Adapters are imported when they are needed, so that a lint
loads none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from flowrun.errors import ConfigError, FlowError
from flowrun.plan.model import ModelPlan, ToolPlan
from flowrun.words import t

OPENAI_KEY = "OPENAI_API_KEY"
OPENAI_PROVIDERS = ("openai", "llama_cpp", "ollama", "vllm", "compatible")

if TYPE_CHECKING:
    from flowrun.adapters.journals.signing import Signer
    from flowrun.journal.encoding import Seal
    from flowrun.journal.heads import Head
    from flowrun.lang.spec_files import WorkspaceFile
    from flowrun.ports.clock import Clock
    from flowrun.ports.health import Health
    from flowrun.ports.journal import Journal
    from flowrun.ports.models import Models
    from flowrun.ports.tools import Tools
    from flowrun.ports.trail import Trail
    from flowrun.privacy.marks import Found


def clock() -> Clock:
    """Return the machine's clock."""
    from flowrun.adapters.clock import SystemClock

    return SystemClock()


def store_path(url: str) -> Path:
    """Return the file of a `sqlite:///PATH` store. Raises `ConfigError` (FR2020)."""
    prefix = "sqlite:///"
    if not url.startswith(prefix):
        raise ConfigError(
            t("This is not a store: {url}", url=url),
            help=t("Write sqlite:///PATH, for example sqlite:///.flowrun/flowrun.db"),
            code="FR2020",
        )
    return Path(url.removeprefix(prefix))


def journal(url: str, *, lease: float | None = None) -> Journal:
    """Open the journal of a store; `lease` (seconds) is how long a claim holds unseen, the adapter's own where None."""
    from flowrun.adapters.journals.sqlite import LEASE_SECONDS, SqliteJournal

    return SqliteJournal(store_path(url), lease=LEASE_SECONDS if lease is None else lease)


def health(url: str) -> Health:
    """Look whether a store is whole, without changing it. Raises `StoreError` where there is none."""
    from flowrun.adapters.journals.sqlite_health import examine

    return examine(store_path(url))


def trail(path: Path) -> Trail:
    """Open a store's file for an auditor: read-only, as it is. Raises `StoreError` (FR5021) where there is none."""
    from flowrun.adapters.journals.sqlite_trail import SqliteTrail

    return SqliteTrail(path)


def signer(path: Path, *, make: bool) -> Signer | None:
    """Return what signs for a store, from the environment or beside it. Raises `ConfigError` (FR2035)."""
    from flowrun.adapters.journals.signing import find_signer

    return find_signer(path, make=make)


def key_beside(path: Path) -> bytes | None:
    """Return the public key of the key that signs for a store here, None where there is none."""
    found = signer(path, make=False)
    return None if found is None else found.public


def has_key_file(path: Path) -> bool:
    """Whether a signing key lies beside a store: then it has been signed."""
    from flowrun.adapters.journals.signing import key_file

    return key_file(path).exists()


def sign(path: Path) -> Head | None:
    """Sign all events of a store; None where none came since the last head."""
    from flowrun.adapters.journals.sqlite import SqliteJournal

    journal = SqliteJournal(path)
    try:
        return journal.sign()
    finally:
        journal.close()


def read_public(pem: bytes, place: str) -> bytes:
    """Return the public key (32 bytes) of a PEM. Raises `ConfigError` (FR2035)."""
    from flowrun.adapters.journals.signing import read_public as read

    return read(pem, place)


def public_pem(public: bytes) -> bytes:
    """Return a public key (32 bytes) as PEM."""
    from flowrun.adapters.journals.signing import public_pem as pem

    return pem(public)


def is_signed(data: bytes, signature: bytes, public: bytes) -> bool:
    """Return whether a signature over data is valid."""
    from flowrun.adapters.journals.signing import is_signed as check

    return check(data, signature, public)


def unsealer(key: bytes) -> Seal:
    """Return what opens the stored bytes of the run whose data key this is. Raises `ValueError` for what is no key."""
    from flowrun.adapters.journals.keys import Sealer

    return Sealer(key).unseal


def head_is_signed(head: Head) -> bool:
    """Return whether a head's signature is valid."""
    from flowrun.adapters.journals.signing import head_is_signed as check

    return check(head)


def models(*, record: Path | None = None, replay: Path | None = None) -> Models:
    """Return the models of every provider, each loaded on first use.

    `record`: their replies are added to this file, redacted. `replay`: replies come from this file, and no model is asked.
    """
    from flowrun.adapters.models.routed import RoutedModels

    routed = RoutedModels({**dict.fromkeys(OPENAI_PROVIDERS, _openai), "examples": _examples})
    if record is None and replay is None:
        return routed
    from flowrun.adapters.models.recorded import RecordedModels

    if replay is not None:
        return RecordedModels(None, replay, mode="replay")
    assert record is not None
    return RecordedModels(routed, record, mode="record")


def _openai() -> Models:
    from flowrun.adapters.models.openai import OpenAIModels

    return OpenAIModels()


def _examples() -> Models:
    from flowrun.adapters.models.examples import ExamplesModels

    return ExamplesModels()


def tool_contracts(root: Path, config: WorkspaceFile | None) -> Mapping[str, ToolPlan]:
    """Return the contract of every tool that the workspace has, by name, without connecting to any."""
    from flowrun.adapters.desk.contracts import CONTRACTS

    contracts: dict[str, ToolPlan] = dict(CONTRACTS)
    for source in _python_sources(root, config):
        contracts.update(source.contracts())
    return contracts


def tools(root: Path, config: WorkspaceFile | None, store: str) -> Mapping[str, Tools]:
    """Return the workspace's tool sources by namespace: the embedded desk beside the store, and its Python tools."""
    from flowrun.adapters.desk.tools import NAMESPACES, desk_tools

    desk = store_path(store).with_name("desk.db")
    sources: dict[str, Tools] = dict(zip(NAMESPACES, desk_tools(desk), strict=True))
    for source in _python_sources(root, config):
        for name in source.contracts():
            sources[name.split(".")[0]] = source
    return sources


def _python_sources(root: Path, config: WorkspaceFile | None) -> list[Tools]:
    """Return the sources of the workspace's tool files. Raises `FlowError` or `ConfigError` where one is wrong."""
    if config is None or not config.tools:
        return []
    from flowrun.adapters.tools.declared import Declared
    from flowrun.adapters.tools.python_module import load_module_tools
    from flowrun.lang.files import matching, read_source
    from flowrun.lang.parse import parse_tools
    from flowrun.lint.supported import tools_findings

    sources: list[Tools] = []
    for pattern in config.tools:
        for file in matching(root, pattern):
            found, findings = parse_tools(read_source(file))
            findings = findings if found is None else tools_findings(found)
            if found is None or findings or found.source is None:
                raise FlowError(findings)
            # Without `actions`, every function that the module marks is a tool.
            only = list(found.actions) or None
            source = load_module_tools(file.parent / found.source, namespace=found.tools, only=only)
            sources.append(Declared(source, found))
    return sources


def owner() -> str:
    """Return who claims runs here: host, boot, process and its start, which tell a dead owner."""
    from flowrun.adapters.journals.owners import this_process

    return this_process()


def known_secrets(models: Iterable[ModelPlan]) -> list[Found]:
    """Return the secrets that are in use, and what looks like one in the environment: nothing that is shown may hold them."""
    from flowrun.adapters.secrets import guessed

    return [*secrets_in_use(models), *guessed()]


def secrets_in_use(models: Iterable[ModelPlan]) -> list[Found]:
    """Return the secrets that are in use: nothing that is stored may hold them."""
    from flowrun.adapters.secrets import known

    return known({model.key_env or OPENAI_KEY for model in models if model.key_env or model.provider == "openai"})


def check_key(model: ModelPlan) -> None:
    """Raise `ConfigError` (FR2117) where a model's server needs a key and the environment has none."""
    from flowrun.adapters.models.presets import is_loopback

    if model.provider not in OPENAI_PROVIDERS or (model.base_url and is_loopback(model.base_url)):
        return
    from flowrun.adapters.secrets import secret

    name = model.key_env or (OPENAI_KEY if model.provider == "openai" else None)
    if name is not None and not secret(name):
        raise ConfigError(
            t("The model {model} needs a key, and {name} is not set.", model=model.name, name=name),
            help=f"export {name}=…",
            code="FR2117",
        )


def model_from_name(name: str) -> ModelPlan:
    """Return the model that `--model` names, such as `openai:NAME@URL`."""
    from flowrun.adapters.models.presets import model_from_name as read

    return read(name)
