# Lianzhen. `make run` starts the product, `make test` runs every test; both work from a fresh clone.
# Needs git, make and Python 3.11 or newer. PORT moves the web port, PYTHON chooses the interpreter.

SHELL := /bin/sh
PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$candidate && break; done)
PORT ?= 8000
export PORT

BOOTSTRAP = @$(or $(PYTHON),$(error Python 3.11 or newer was not found; try: make PYTHON=/path/to/python3)) -I platform/config/launcher/bootstrap.py
BIN := .venv/bin
LAUNCHER := $(BIN)/python -m config.launcher
PYTEST := $(BIN)/python -m pytest
# Test processes at a time, each with servers of its own; a file's tests stay together, because they share a product.
WORKERS ?= 2
SPREAD := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Where the requirement rows lie beside a checkout; only `make coverage-ledger` needs it.
LEDGER_COVERAGE ?= ../shared/tools/ledger_coverage.py

.PHONY: help run dev stop reset-demo test test-fast test-long bench screens lint format messages build lock coverage-ledger clean

help:
	@echo 'make run          the product with its demo chain, at http://localhost:$(PORT)'
	@echo 'make dev          the same, reloading when a file changes'
	@echo 'make stop         stop what an earlier start left running'
	@echo 'make reset-demo   throw the demo data away; the next start loads it anew'
	@echo 'make test         lint and every test        make test-fast   the quick tests'
	@echo 'make test-long    races and long fuzzing     make bench       benchmarks -> var/bench.json'
	@echo 'make screens      pictures of the screens    make lint        the checks without the tests'
	@echo 'make messages     bring the message catalogues to the texts of the code'
	@echo 'make lock         resolve requirements/*.in  make clean       remove what was built'

run:
	$(BOOTSTRAP) base embedded
	@exec $(LAUNCHER) run

dev:
	$(BOOTSTRAP) base embedded dev
	@exec $(LAUNCHER) dev

stop:
	@test ! -x $(BIN)/python || $(LAUNCHER) stop

reset-demo:
	$(BOOTSTRAP) base embedded
	@$(LAUNCHER) reset-demo

build:
	$(BOOTSTRAP) base embedded
	@$(LAUNCHER) build

# The tests come last, so that their closing line is the last thing said.
test: lint
	@$(LAUNCHER) build --browser
	@$(PYTEST) $(SPREAD) -m 'not long and not bench and not screens'

test-fast:
	$(BOOTSTRAP) base embedded dev
	@$(LAUNCHER) build
	@$(PYTEST) $(SPREAD) -m 'not long and not bench and not screens and not slow and not browser'

test-long:
	$(BOOTSTRAP) base embedded dev
	@$(LAUNCHER) build --browser
	@$(PYTEST) -m long

bench: export LIANZHEN_TEST_DATA = disk
bench:
	$(BOOTSTRAP) base embedded dev
	@$(LAUNCHER) build
	@$(PYTEST) -m bench -q

screens:
	$(BOOTSTRAP) base embedded dev
	@$(LAUNCHER) build --browser
	@$(PYTEST) -m screens -q

lint:
	$(BOOTSTRAP) base embedded dev
	@$(LAUNCHER) lint

format:
	$(BOOTSTRAP) base embedded dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

messages:
	$(BOOTSTRAP) base embedded dev
	@$(LAUNCHER) messages --update

lock:
	$(BOOTSTRAP) --lock

coverage-ledger:
	$(BOOTSTRAP) base embedded dev
	@$(BIN)/python $(LEDGER_COVERAGE) .

# Keeps var/: it holds data. `make reset-demo` is for that.
clean: stop
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis frontend/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -path ./var -prune -o -name '*.mo' -type f -exec rm -f {} +
