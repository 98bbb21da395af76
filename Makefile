# Every verb of the project. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH_STAMP := $(VENV)/.installed-bench
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help setup demo test check static bench profile up down fix docs lock clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## create .venv from requirements.lock (hashes checked)

# A version manager may leave a `python3.13` on the PATH that only prints an error: ask, don't look.
$(STAMP): requirements.lock pyproject.toml
	@for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        python=$$candidate; break; \
	    fi; \
	done; \
	if [ -z "$${python:-}" ]; then \
	    echo "make setup: no Python 3.11 or newer found (tried $(PYTHON) python3 python3.13 python3.12 python3.11 python)." >&2; \
	    echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv) or name it: make setup PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "make setup: $$("$$python" --version) has no venv module." >&2; \
	    echo "Install it (Debian, Ubuntu: apt-get install python3-venv) and run make again." >&2; \
	    exit 1; \
	fi; \
	if ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "making $(VENV) with $$("$$python" --version)" >&2; \
	    "$$python" -m venv --clear $(VENV); \
	fi
	@echo "installing requirements.lock into $(VENV)" >&2
	@$(PIP) install -qq --no-deps --require-hashes -r requirements.lock
	@$(PIP) install -qq --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## run the journeys on the embedded defaults and print what happened
	@$(BIN)/invoice-gateway demo

test: static ## the whole gate: static checks, then every test (starts RabbitMQ and PostgreSQL itself)
	$(BIN)/python -m pytest

check: static ## the quick gate: static checks and doctests, no services
	$(BIN)/python -m pytest src

static: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: $(BENCH_STAMP) ## measure beside the peers and write the report (QUICK=1: under 4 minutes)
	@$(BIN)/python -m benchmarks $(if $(QUICK),quick,all)

profile: $(BENCH_STAMP) ## flame graph and seconds per stage of one worker under load
	@$(BIN)/python -m benchmarks profile

# The peers and the plots: nothing that working on the gateway needs.
$(BENCH_STAMP): $(STAMP) requirements-bench.lock
	@echo "installing requirements-bench.lock into $(VENV)" >&2
	@$(PIP) install -qq --no-deps --require-hashes -r requirements-bench.lock
	@touch $@

up: setup ## start a private RabbitMQ and PostgreSQL for development and print their URLs
	@$(BIN)/python -m tests.services up

down: setup ## stop what `make up` started
	@$(BIN)/python -m tests.services down

fix: setup ## format and repair what ruff can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup ## write the generated pages: status tables, events and messages, settings
	$(BIN)/python -m invoice_gateway.model.diagram > docs/status.md
	$(BIN)/python -m invoice_gateway.bus.asyncapi > docs/asyncapi.yaml
	$(BIN)/python -m invoice_gateway.cli.reference > docs/configuration.md

lock: ## resolve the lock files anew from pyproject.toml
	@scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	python3 -m venv "$$scratch"; "$$scratch/bin/python" -m pip install -qq uv; \
	export SSL_CERT_FILE=$${SSL_CERT_FILE:-$${PIP_CERT:-}}; \
	lock=("$$scratch/bin/uv" pip compile --quiet --no-config --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --upgrade); \
	"$${lock[@]}" pyproject.toml --extra dev -o requirements.lock; \
	"$${lock[@]}" pyproject.toml --constraint requirements.lock -o requirements-runtime.lock; \
	"$${lock[@]}" pyproject.toml --constraint requirements.lock --extra bench -o requirements-bench.lock; \
	"$${lock[@]}" --group tools -o requirements-tools.lock

clean: ## remove everything that make made
	rm -rf $(VENV) dist benchmarks/results .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src handlers tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
