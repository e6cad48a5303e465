# Two commands from a fresh clone: `make demo` and `make test`. Nothing to install first but Python 3.11+, git and make;
# Node is used when it is there. Everything goes into .venv, which `make clean` takes away.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
export PYTEST_ARGS ?=
DEMO_STORE := $(CURDIR)/example_notebooks/.mlops_nb

# Without compiled bytecode every start of Python is several times slower, so the switch that forbids it stops here.
unexport PYTHONDONTWRITEBYTECODE
# Another environment that happens to be active is not the one that is meant.
unexport VIRTUAL_ENV

UV_READY := $(VENV)/.uv-$(UV_VERSION)
LOCK_READY := $(VENV)/.locked
READY := $(VENV)/.ready
NODE_READY := labextension/node_modules/.package-lock.json
PANEL_SOURCES := $(shell git ls-files labextension 2>/dev/null)

say = @echo '==>'

.PHONY: help
help:  ## List these commands
	@printf 'mlops_nb: commands\n\n'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: demo
demo: $(READY)  ## Run the example notebook headless and show what it left behind
	$(say) 'demo: running example_notebooks/01_track_snapshot_register.ipynb headless (some 10 seconds)'
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/mlops-nb demo

.PHONY: lab
lab: $(READY)  ## Open JupyterLab on the examples, with the demo's store in the side panel
	$(say) 'lab: starting JupyterLab; Ctrl-C twice ends it'
	@MLOPS_NB_STORE="$(DEMO_STORE)" PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter lab \
	  --notebook-dir example_notebooks $$([ "$$(id -u)" != 0 ] || echo --allow-root) $(LAB_ARGS)

.PHONY: test
test: $(READY) browser lint typescript  ## Set up what the tests need, then lint, type checks and every test
	$(say) 'test: running pytest (a few minutes; PYTEST_ARGS="-k name" runs fewer)'
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

.PHONY: lint
lint: $(READY)  ## Check style, types, floors and spelling
	$(say) 'lint: ruff, ruff format, mypy, import-linter, codespell (under a minute)'
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo 'run `make format`'; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/codespell $$(git ls-files)

.PHONY: format
format: $(READY)  ## Put the code into shape
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

.PHONY: typescript
typescript: $(READY)
	@if ! command -v npm >/dev/null; then \
	  echo '==> panel: no Node here, so its TypeScript is not checked (the panel itself was built without it)'; \
	else $(MAKE) panel-checks; fi

.PHONY: panel-checks
panel-checks: $(NODE_READY)
	$(say) 'panel: TypeScript style, types and tests (under a minute)'
	@npm --prefix labextension run --silent lint
	@npm --prefix labextension run --silent types
	@npm --prefix labextension test --silent

.PHONY: bench
bench: $(READY)  ## Measure log calls and tracked cells against peers (minutes; makes environments for the peers)
	$(say) 'bench: measuring; leave the machine alone meanwhile'
	@$(BIN)/python -m tests.benchmarks

.PHONY: clean
clean:  ## Take away the environment, the built panel and all caches (stores stay)
	rm -rf $(VENV) build dist labextension/node_modules labextension/lib labextension/tsconfig.tsbuildinfo \
	  mlops_nb/labextension .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/output
	@find mlops_nb tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A browser for the browser test: one that is there, else Debian's through apt if we may, else a word on what to do.
.PHONY: browser
browser:
	@[ -z "$${MLOPS_NB_CHROMIUM:-}" ] || exit 0; \
	for found in chromium chromium-browser google-chrome chrome; do command -v $$found >/dev/null && exit 0; done; \
	case "$$PYTEST_ARGS" in *'not browser'*) exit 0 ;; esac; \
	as_root=''; [ "$$(id -u)" = 0 ] || as_root='sudo -n'; \
	if command -v apt-get >/dev/null && $$as_root true 2>/dev/null; then \
	  echo '==> browser: installing Chromium with apt for the browser test (about a minute)'; \
	  $$as_root apt-get update -qq && \
	  $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null && exit 0; \
	fi; \
	echo 'The browser test needs Chromium or Chrome, which cannot be installed from here. Install it and call make again'; \
	echo '(Debian, Ubuntu: apt install chromium; Fedora: dnf install chromium), or say where it is:'; \
	echo '  make test MLOPS_NB_CHROMIUM="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"'; \
	echo 'or leave that test out:'; \
	echo "  make test PYTEST_ARGS=\"-m 'not browser'\""; \
	exit 1

$(UV_READY):
	@set -- $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); python=''; seen=''; \
	for candidate; do \
	  command -v "$$candidate" >/dev/null || continue; \
	  version="$$("$$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)" || continue; \
	  seen="$$candidate is $$version"; \
	  "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' && { python="$$candidate"; break; }; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "mlops_nb needs Python 3.11 or newer ($${seen:-no Python was found on PATH})."; \
	  echo 'Install one, or say where it is: make demo PYTHON=/path/to/python3.11'; exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$$python cannot make virtual environments: its venv or ensurepip module is missing."; \
	  echo 'Install it (Debian, Ubuntu: apt install python3-venv) or name another Python: make demo PYTHON=...'; exit 1; \
	fi; \
	echo "==> set-up 1/3: making $(VENV) with Python $$version and uv $(UV_VERSION) (some 10 seconds)"; \
	"$$python" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(LOCK_READY): requirements.lock $(UV_READY)
	$(say) 'set-up 2/3: installing the locked packages, hashes checked (half a minute; longer on a slow network)'
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	@touch $@

$(READY): pyproject.toml $(PANEL_SOURCES) $(LOCK_READY)
	$(say) 'set-up 3/3: installing mlops_nb and building its panel (a minute at first, seconds later)'
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

$(NODE_READY): labextension/package-lock.json
	$(say) 'panel: fetching its packages with npm (about half a minute)'
	@npm --prefix labextension ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@
