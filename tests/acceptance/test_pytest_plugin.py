"""The pytest plugin as a project meets it: tests of flows are items like any other, and cost nothing where there are none."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest

from tests.unit.testing.kit import CUSTOMER, FLOW, TICKET, args, case, schema

pytest_plugins = ["pytester"]

INSTALLED = any(point.name == "flowrun" for point in entry_points(group="pytest11"))
PLUGIN = [] if INSTALLED else ["-p", "flowrun.pytest_plugin"]
QUIET = ["-p", "no:cacheprovider", "-p", "no:socket", "-p", "no:asyncio"]
POLICY = f"""policy: small
version: 1
rules:
  - {{id: not_low, tools: desk.create_ticket, deny_when: 'args.severity == "low"', reason: Low ones wait.}}
tests:
  - {{call: desk.create_ticket, args: {args("low")}, expect: deny, by: not_low}}
  - {{call: desk.create_ticket, args: {args("high")}, expect: deny}}
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    folder = pytester.path / "flows"
    folder.mkdir()
    schema(pytester.path, "result", '{"ticket": {"type": ["string", "null"]}}', '["ticket"]')
    (folder / "small.flow.yaml").write_text(FLOW, encoding="utf-8")
    (folder / "small.policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "good.test.yaml").write_text(case(expect="{outcome: completed}"), encoding="utf-8")
    bad = case(expect="\n  calls: {desk.create_ticket: 2}").replace("a case", "two tickets")
    (folder / "bad.test.yaml").write_text(bad, encoding="utf-8")
    pytester.makepyfile(test_own="def test_own():\n    assert True\n")
    pytester.makeini("[pytest]\n")
    return pytester


def run(project: pytest.Pytester, *words: str) -> pytest.RunResult:
    return project.runpytest(*QUIET, *PLUGIN, *words)


def test_tests_of_flows_and_policies_run_beside_a_projects_own(project: pytest.Pytester) -> None:
    result = run(project, "-v")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines_random(
        [
            "flows/good.test.yaml::a case PASSED*",
            "flows/bad.test.yaml::two tickets FAILED*",
            "flows/small.policy.yaml::small denies desk.create_ticket by not_low PASSED*",
            "test_own.py::test_own PASSED*",
        ]
    )


def test_a_failure_is_told_in_words_and_without_a_traceback(project: pytest.Pytester) -> None:
    result = run(project, "flows/bad.test.yaml")
    text = result.stdout.str()
    assert f"{project.path}/flows/bad.test.yaml:10: desk.create_ticket had an effect 1 times, not 2." in text
    assert "what happened:" in text and "ended completed" in text
    for word in ("Traceback", "raise ", "pytest_plugin.py", "Failed("):
        assert word not in text


@pytest.mark.parametrize(
    ("words", "outcomes"),
    [
        (["-k", "two"], {"failed": 1, "deselected": 4}),
        (["-k", "not tickets and not small"], {"passed": 2, "deselected": 3}),
        (["-m", "flowrun"], {"passed": 2, "failed": 2, "deselected": 1}),
        (["-m", "not flowrun", "--strict-markers"], {"passed": 1, "deselected": 4}),
        (["flows/good.test.yaml::a case"], {"passed": 1}),
        (["-x", "flows"], {"failed": 1}),
    ],
)
def test_they_are_chosen_like_any_other(project: pytest.Pytester, words: list[str], outcomes: dict[str, int]) -> None:
    run(project, *words).assert_outcomes(**outcomes)


def test_build_servers_get_their_lines(project: pytest.Pytester) -> None:
    run(project, "--junitxml", "out.xml", "-o", "junit_family=xunit1")
    cases = {each.get("name"): each for each in xml.parse(project.path / "out.xml").iter("testcase")}
    bad = cases["two tickets"]
    assert bad.get("file") == "flows/bad.test.yaml" and bad.get("line") == "0"
    failure = bad.find("failure")
    assert failure is not None and failure.text is not None
    assert "desk.create_ticket had an effect 1 times, not 2." in failure.text
    policy = cases["small denies desk.create_ticket by not_low"]
    assert policy.get("line") == "5" and policy.find("failure") is None


@pytest.mark.slow
def test_they_spread_over_processes(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("-p", "no:cacheprovider", *PLUGIN, "-n", "2")
    result.assert_outcomes(passed=3, failed=2)


def test_a_file_that_is_wrong_is_one_failed_test(project: pytest.Pytester) -> None:
    (project.path / "flows" / "wrong.test.yaml").write_text("test: x\nflow: small\ngivn: {}\n", encoding="utf-8")
    result = run(project, "flows/wrong.test.yaml")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"{project.path}/flows/wrong.test.yaml:3: A test has no key `givn`."])


def test_a_workspace_that_is_wrong_is_told_in_words(project: pytest.Pytester) -> None:
    (project.path / "flows" / "flowrun.yaml").write_text("roles: 1\n", encoding="utf-8")
    result = run(project, "flows/good.test.yaml")
    result.assert_outcomes(errors=1)
    assert "flowrun.yaml:1" in result.stdout.str() and "Traceback" not in result.stdout.str()


def test_the_nearest_workspace_counts(project: pytest.Pytester) -> None:
    (project.path / "flows" / "flowrun.yaml").write_text("roles: {leads: {members: [Sam]}}\n", encoding="utf-8")
    schema(project.path / "flows", "result", '{"ticket": {"type": ["string", "null"]}}', '["ticket"]')
    critical = f"{{act: [{{propose: [{{desk.create_ticket: {args('critical')}}}]}}, {{text: Done.}}]}}"
    text = case(model=critical, given="people: {desk.create_ticket: approve by Kim}", expect="{outcome: completed}")
    (project.path / "flows" / "good.test.yaml").write_text(text, encoding="utf-8")
    result = run(project, "flows/good.test.yaml")
    result.stdout.fnmatch_lines(["*Kim is not in the role leads, which has Sam."])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("image.test.yaml", "schemaVersion: 2.0.0\nfileExistenceTests: []\n"),
        ("prompt.test.yaml", "test: x\nprompts: [a]\n"),
        ("iam.policy.yaml", "policy: {Statement: []}\nversion: 1\n"),
        ("broken.test.yaml", "{{{\n"),
        ("bytes.policy.yaml", "\udcff"),
    ],
    ids=["image", "prompt", "iam", "broken", "bytes"],
)
def test_files_of_other_programs_are_left_alone(pytester: pytest.Pytester, name: str, text: str) -> None:
    (pytester.path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    pytester.makeini("[pytest]\n")
    pytester.makepyfile(test_own="def test_own():\n    assert True\n")
    run(pytester).assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_project_without_flows_loads_nothing_of_it(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\n")
    pytester.makepyfile(
        test_own="""
        import sys

        def test_own():
            ours = {name for name in sys.modules if name.partition(".")[0] == "flowrun"}
            assert ours <= {"flowrun", "flowrun.errors", "flowrun.words", "flowrun.pytest_plugin"}, ours
            assert not {"yaml", "asyncio", "jsonschema_rs", "pydantic", "openai"} & ours
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:asyncio", *PLUGIN)
    result.assert_outcomes(passed=1)


def test_it_can_be_turned_off(project: pytest.Pytester) -> None:
    words = [*QUIET, "-p", "no:flowrun"]
    project.runpytest(*words).assert_outcomes(passed=1)


def test_several_tests_in_a_file_have_their_own_lines(project: pytest.Pytester) -> None:
    text = f"""flow: small
given:
  input: {{id: m-1, email: ana@example.com}}
  tools: {{crm.lookup_customer: {CUSTOMER}, desk.create_ticket: {TICKET}}}
  model: {{act: {{text: No.}}}}
tests:
  - test: one
    expect: {{outcome: completed}}
  - test: one
    expect: {{outcome: failed}}
"""
    (project.path / "flows" / "two.test.yaml").write_text(text, encoding="utf-8")
    result = run(project, "flows/two.test.yaml", "--collect-only", "-q")
    result.stdout.fnmatch_lines(["flows/two.test.yaml::one", "flows/two.test.yaml::one (line 9)"])
    failed = run(project, "flows/two.test.yaml")
    failed.assert_outcomes(passed=1, failed=1)


def test_the_project_itself_names_it(request: pytest.FixtureRequest) -> None:
    text = (Path(request.config.rootpath) / "pyproject.toml").read_text(encoding="utf-8")
    assert '[project.entry-points.pytest11]\nflowrun = "flowrun.pytest_plugin"\n' in text
