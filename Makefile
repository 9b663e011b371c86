# make run    build everything from the bundled figures        make test   the whole test suite
# make check  format, lint, types, dictionary                  make ui     Dagster's pages at http://127.0.0.1:3000 (or PORT=3001)
# make lock   write requirements*.lock anew             make screenshot  take the picture of the README anew
# make bench  Lodestone beside its peers, in docs/performance.md (or SIZES="0.01 0.08", in million lines)

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test check ui port-is-free screenshot lock bench

export LODESTONE_DATA ?= $(CURDIR)/data
export LODESTONE_DAGSTER := $(LODESTONE_DATA)/.dagster
export DAGSTER_HOME ?= $(CURDIR)
# Off twice: with dagster.yaml alone the web server still makes empty folders for it beside this file.
export DAGSTER_DISABLE_TELEMETRY := yes
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1

PORT ?= 3000
PYTHONS := $(PYTHON) python3.11 python3.12 python3.13 python3
# What running needs, and what looking, checking and testing need beside it, is installed when it is first asked for.
READY := .venv/.ready
PIP_INSTALL := .venv/bin/python -m pip install --quiet --quiet --no-deps --no-compile

help:
	@sed -n '/^#/!q; s/^# //p' Makefile

run: $(READY)
	@.venv/bin/lodestone build

# Tests that wait for programs come first (testpaths), and three at a time keep two processors busy.
test: .venv/.test
	@.venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder

check: .venv/.check
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/sqruff lint sql
	@.venv/bin/mypy
	@.venv/bin/lodestone dictionary --check

ui: port-is-free .venv/.ui
	@mkdir -p "$$LODESTONE_DAGSTER"
	@echo "Dagster's pages: http://127.0.0.1:$(PORT) (stop with Ctrl-C)"
	@.venv/bin/dagster dev --host 127.0.0.1 --port $(PORT)

# Looked at before anything is installed for it, with whichever Python there is.
port-is-free:
	@for python in .venv/bin/python $(PYTHONS); do \
		if "$$python" -c '' >/dev/null 2>&1; then \
			"$$python" -c 'import socket; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", $(PORT)))' \
				2>/dev/null || { echo "port $(PORT) is in use, or is no port: choose another, e.g. make ui PORT=3001"; exit 1; }; \
			break; \
		fi; \
	done

screenshot: .venv/.test
	@.venv/bin/python docs/screenshot.py

bench: $(READY) benchmarks/.venv/.ready
	@.venv/bin/python -m benchmarks.bench $(SIZES)

benchmarks/.venv/.ready: benchmarks/requirements.txt | $(READY)
	@echo "installing what Lodestone is compared with into benchmarks/.venv, once"
	@rm -rf benchmarks/.venv && .venv/bin/python -m venv --without-pip benchmarks/.venv
	@.venv/bin/python -m pip --python benchmarks/.venv/bin/python install --quiet --quiet -r $<
	@touch $@

LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --no-annotate \
	--no-header --quiet

lock: $(READY)
	@command -v uv >/dev/null || { echo "make lock needs uv: .venv/bin/pip install uv, then put .venv/bin on the PATH"; exit 1; }
	@$(LOCK) --extra install --output-file requirements.lock pyproject.toml
	@for extra in ui check test; do \
		$(LOCK) --extra $$extra --constraint requirements.lock --output-file requirements-$$extra.lock --no-emit-package lodestone \
			$$(sed -n 's/^\([A-Za-z0-9_.-]*\).*==.*/--no-emit-package \1/p' requirements.lock) pyproject.toml || exit 1; \
	done

.venv/.%: requirements-%.lock $(READY)
	@echo "installing what \`make $*\` needs beside"
	@$(PIP_INSTALL) --require-hashes -r $<
	@touch $@

# A name on the PATH is not yet a Python: pyenv's stand-ins exist for versions that do not, so each one is really run.
$(READY): requirements.lock
	@python=; \
	for name in $(PYTHONS); do \
		if "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1; then python=$$name; break; fi; \
	done; \
	[ -n "$$python" ] || { echo "Python 3.11, 3.12 or 3.13 is needed and none was found: apt-get install python3 python3-venv"; exit 1; }; \
	"$$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }; \
	echo "creating .venv with $$("$$python" --version) and installing what running needs, once:" \
		"half a minute on a quiet machine, more than one on a busy machine"; \
	rm -rf .venv && "$$python" -m venv .venv
	@# The pip that old Pythons bring spends twice the time on the rest.
	@sed -n '/^pip==/,/[^\\]$$/p' requirements.lock | $(PIP_INSTALL) --require-hashes -r /dev/stdin
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-build-isolation -e .
	@# While Python itself starts, Ctrl-C is held back until the command can answer it, where the system's env knows how.
	@! env --block-signal=INT true 2>/dev/null || sed -i '1s|^#!|#!/usr/bin/env -S --block-signal=INT |' .venv/bin/lodestone
	@touch $(READY)
