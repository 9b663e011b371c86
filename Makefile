# make run    build everything from the bundled figures        make test   the whole test suite
# make check  format, lint, types, dictionary                  make ui     Dagster's pages at http://127.0.0.1:3000
# make lock   write requirements.lock anew              make screenshot  take the picture of the README anew

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test check ui screenshot lock

export LODESTONE_DATA ?= $(CURDIR)/data
export LODESTONE_DAGSTER := $(LODESTONE_DATA)/.dagster
export DAGSTER_HOME ?= $(CURDIR)
# Off twice: with dagster.yaml alone the web server still makes empty folders for it beside this file.
export DAGSTER_DISABLE_TELEMETRY := yes
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1

READY := .venv/.ready

help:
	@sed -n '/^#/!q; s/^# //p' Makefile

run: $(READY)
	@.venv/bin/lodestone build

# Tests that wait for programs come first in their folders' order, and three at a time keep two processors busy.
test: $(READY)
	@.venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(READY)
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/sqruff lint sql
	@.venv/bin/mypy
	@.venv/bin/lodestone dictionary --check

ui: $(READY)
	@mkdir -p "$$LODESTONE_DAGSTER"
	@echo "Dagster's pages: http://127.0.0.1:3000 (stop with Ctrl-C)"
	@.venv/bin/dagster dev --host 127.0.0.1 --port 3000

screenshot: $(READY)
	@.venv/bin/python docs/screenshot.py

lock: $(READY)
	@command -v uv >/dev/null || { echo "make lock needs uv: .venv/bin/pip install uv, then put .venv/bin on the PATH"; exit 1; }
	@uv pip compile --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url \
		--no-strip-extras --no-annotate --no-header --quiet --output-file requirements.lock pyproject.toml

# A name on the PATH is not yet a Python: pyenv's stand-ins exist for versions that do not, so each one is really run.
$(READY): requirements.lock
	@python=; \
	for name in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
		if "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1; then python=$$name; break; fi; \
	done; \
	[ -n "$$python" ] || { echo "Python 3.11, 3.12 or 3.13 is needed and none was found: apt-get install python3 python3-venv"; exit 1; }; \
	"$$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }; \
	echo "creating .venv with $$("$$python" --version); this takes half a minute, once"; \
	rm -rf .venv && "$$python" -m venv .venv
	@.venv/bin/python -m pip install --quiet --quiet --require-hashes -r requirements.lock
	@.venv/bin/python -m pip install --quiet --quiet --no-deps --no-build-isolation -e .
	@touch $(READY)
