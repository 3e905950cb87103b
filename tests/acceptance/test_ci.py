"""What other programs start by themselves works: hooks of pre-commit, the action of GitHub, the matcher, GitLab's job."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from flowrun.app.init import create
from flowrun.errors import Span
from flowrun.lang.codes import diagnostic
from flowrun.lint.fragments import FLOW, complete
from flowrun.lint.reporters.text import render_text

ROOT = Path(__file__).resolve().parents[2]
HOOKS = ROOT / ".pre-commit-hooks.yaml"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
MATCHER = json.loads((ROOT / ".github" / "flowrun-problem-matcher.json").read_text(encoding="utf-8"))
SCRIPTS = Path(sys.executable).parent


def validate(kind: str, value: Any) -> None:
    """Check a value against a schema of schemastore.org, as check-jsonschema ships it."""
    schema = resources.files("check_jsonschema.builtin_schemas.vendor").joinpath(f"{kind}.json").read_text("utf-8")
    jsonschema.validators.validator_for(json.loads(schema))(json.loads(schema)).validate(value)


def workspace(folder: Path, fragment: str) -> Path:
    for name, text in complete(fragment).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def environment(**more: str) -> dict[str, str]:
    """The surroundings of a process: this installation's programs come first, and no store of somebody else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLOWRUN", "GIT_"))}
    return {**kept, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}", **more}


def started(*command: str, folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=dict(env), capture_output=True, text=True, check=False)


# pre-commit


def test_the_hooks_are_what_pre_commit_expects(tmp_path: Path) -> None:
    env = environment(PRE_COMMIT_HOME=str(tmp_path))
    done = started("pre-commit", "validate-manifest", str(HOOKS), folder=tmp_path, env=env)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def hooked(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A repository whose hooks are those of the manifest; they find flowrun here in place of installing it."""
    folder = workspace(tmp_path / "repo", "title: An example")
    hooks = [{**hook, "language": "system"} for hook in yaml.safe_load(HOOKS.read_text(encoding="utf-8"))]
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    env = environment(PRE_COMMIT_HOME=str(tmp_path / "home"), HOME=str(tmp_path))
    started("git", "init", "-q", folder=folder, env=env)
    started("git", "add", "-A", folder=folder, env=env)
    return folder, env


def test_the_hooks_pass_a_good_workspace_and_stop_a_broken_one(hooked: tuple[Path, dict[str, str]]) -> None:
    folder, env = hooked
    done = started("pre-commit", "run", "--all-files", folder=folder, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"flowrun lint\.+Passed", done.stdout) and re.search(r"flowrun test\.+Passed", done.stdout)
    workspace(folder, "titel: An example")
    done = started("pre-commit", "run", "flowrun-lint", "--all-files", folder=folder, env=env)
    assert done.returncode == 1 and "[unknown-key FR1101]" in done.stdout


@pytest.mark.parametrize(
    "file, meant",
    [
        ("a.flow.yaml", True),
        ("flows/x/a.policy.yml", True),
        ("flowrun.yaml", True),
        ("shop/flowrun.yaml", True),
        ("x/a.test.yaml", True),
        ("schemas/records/case/v1.json", True),
        ("README.md", False),
        ("notflowrun.yaml", False),
        ("a.yaml", False),
    ],
)
def test_the_hooks_look_where_a_file_of_flowrun_changed(file: str, meant: bool) -> None:
    for hook in yaml.safe_load(HOOKS.read_text(encoding="utf-8")):
        assert bool(re.search(hook["files"], file)) is meant


# the action


def test_the_action_is_what_github_expects() -> None:
    validate("github-actions", ACTION)


def step(name: str) -> dict[str, Any]:
    return next(step for step in ACTION["runs"]["steps"] if step.get("name") == name)


def run_step(name: str, folder: Path, **inputs: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run a step's script as the runner does, with its environment filled in; return it and what it gave out."""
    values = {f"inputs.{key}": spec["default"] for key, spec in ACTION["inputs"].items()}
    values |= {f"inputs.{key.replace('_', '-')}": value for key, value in inputs.items()}
    values["github.action_path"] = str(ROOT)
    filled = {
        key: re.sub(r"\$\{\{ (.+?) \}\}", lambda found: values[found[1]], text)
        for key, text in step(name)["env"].items()
    }
    assert "${{" not in step(name)["run"], "an input in a script would be read as a part of it"
    given = folder.parent / "given"
    given.write_text("")
    env = environment(**filled, GITHUB_OUTPUT=str(given), HOME=str(folder))
    shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step(name)["run"])
    return started(*shell, folder=folder, env=env), given.read_text()


def test_the_action_shows_findings_and_writes_sarif(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "repo", "titel: An example")
    done, given = run_step("Check flows", folder)
    assert done.returncode == 1
    assert done.stdout.startswith(f"::error file={FLOW},line=1,")
    assert given == "sarif-file=flowrun.sarif\n"
    assert len(json.loads((folder / "flowrun.sarif").read_text())["runs"][0]["results"]) == 1


def test_the_action_passes_a_good_workspace_and_can_fail_on_warnings(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "repo", "title: Write ${{ name }}")
    assert run_step("Check flows", folder)[0].returncode == 0
    assert run_step("Check flows", folder, fail_on="warning")[0].returncode == 1


def test_the_action_takes_paths_with_spaces_and_signs_as_they_are(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "repo", "titel: An example")
    odd = folder / "a b; touch evil"
    workspace(odd, "title: An example")
    done, _ = run_step("Check flows", folder, paths=f"\n{odd.name}/{FLOW}\n\n", sarif_file="")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert not (folder / "flowrun.sarif").exists() and not (folder / "evil").exists()
    done, _ = run_step("Check flows", folder, paths="--fix", sarif_file="")
    assert done.returncode == 3 and "There is no flow --fix" in done.stderr, "a path is never an option"


def test_the_action_adds_the_matcher_for_text(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "repo", "title: An example")
    done, _ = run_step("Check flows", folder, format="text")
    matcher = re.match(r"::add-matcher::(.+)\n", done.stdout)
    assert matcher is not None and json.loads(Path(matcher[1]).read_text()) == MATCHER


@pytest.mark.parametrize("version, asked", [("", f"Processing {ROOT}"), ("0.0.1", "flowrun-ai==0.0.1")])
def test_the_action_installs_itself_or_a_version(version: str, asked: str, tmp_path: Path) -> None:
    """`pip` says what it would do, without any index; what the package needs is here already."""
    offline = {"PIP_DRY_RUN": "1", "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_DEPS": "1"}
    env = environment(**offline, VERSION=version, SOURCE=str(ROOT), HOME=str(tmp_path))
    script = step("Install flowrun")["run"].replace(" --quiet", "")
    done = started("bash", "-eo", "pipefail", "-c", script, folder=tmp_path, env=env)
    assert asked in done.stdout + done.stderr
    assert (done.returncode == 0) is (not version), done.stderr


# the problem matcher


def matched(line: str) -> dict[str, str | None] | None:
    (pattern,) = MATCHER["problemMatcher"][0]["pattern"]
    found = re.match(pattern["regexp"], line)
    return None if found is None else {key: found[group] for key, group in pattern.items() if key != "regexp"}


def test_the_matcher_reads_the_text_form() -> None:
    at = Span("flows/a b.flow.yaml", 12, 3, 12, 9)
    found = [
        diagnostic(
            "unknown-key",
            "a flow has no key `titel`: see [1].",
            at,
            help="Did you mean `title`?",
            related=((at, "here"),),
        ),
        diagnostic("no-once", "May happen twice.", at),
        diagnostic("file-too-large", "Too large.", Span("b.flow.yaml")),
    ]
    text = render_text(found, {at.file: "x\n" * 11 + "  titel: b [unknown-key FR1101]\n"})
    read = [match for match in map(matched, text.splitlines()) if match is not None]
    assert [(m["file"], m["line"], m["column"], m["severity"], m["message"], m["code"]) for m in read] == [
        (at.file, "12", "3", None, "a flow has no key `titel`: see [1].", "unknown-key FR1101"),
        (at.file, "12", "3", "warning", "May happen twice.", "no-once FR1414"),
        ("b.flow.yaml", None, None, None, "Too large.", "file-too-large FR1001"),
    ]
    assert MATCHER["problemMatcher"][0]["severity"] == "error", "where the line names none, it is an error"


# a new workspace, and GitLab


def test_the_workflow_of_a_new_workspace_is_valid_and_its_checks_run(tmp_path: Path) -> None:
    create(tmp_path / "ws")
    workflow = yaml.safe_load((tmp_path / "ws/.github/workflows/flows.yml").read_text(encoding="utf-8"))
    workflow["on"] = workflow.pop(True)  # YAML 1.1 reads `on` as a truth value; GitHub does not
    validate("github-workflows", workflow)
    scripts = [step["run"] for step in workflow["jobs"]["flows"]["steps"] if step.get("run", "").startswith("flowrun")]
    assert scripts == ["flowrun lint --format github", "flowrun test"]
    for script in scripts:
        done = started("bash", "-eo", "pipefail", "-c", script, folder=tmp_path / "ws", env=environment())
        assert done.returncode == 0, done.stdout + done.stderr


def blocks() -> list[Any]:
    page = (ROOT / "docs" / "how-to" / "ci.md").read_text(encoding="utf-8")
    return [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]


def test_the_job_for_gitlab_is_valid_and_its_commands_run(tmp_path: Path) -> None:
    job = next(block for block in blocks() if "flows" in block)
    validate("gitlab-ci", job)
    create(tmp_path / "ws")
    scripts = [*job["flows"]["script"][1:], *job["flows"]["after_script"]]
    for script in scripts:
        done = started("bash", "-eo", "pipefail", "-c", script, folder=tmp_path / "ws", env=environment())
        assert done.returncode == 0, done.stdout + done.stderr
    reports = job["flows"]["artifacts"]["reports"]
    assert json.loads((tmp_path / "ws" / reports["codequality"]).read_text()) == []
    assert (tmp_path / "ws" / reports["junit"]).exists()


def test_the_steps_for_github_are_valid() -> None:
    for block in blocks():
        if "steps" in block:
            job = {"runs-on": "ubuntu-latest", "steps": block["steps"]}
            validate("github-workflows", {"on": "push", "jobs": {"flows": job}})
