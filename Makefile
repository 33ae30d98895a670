# What people type. Everything a target needs is set up first; a step whose inputs have not changed is skipped.
# Needs git, make and Python 3.11, 3.12 or 3.13, found on the PATH or named: make setup PYTHON=/path/to/python3.12

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

UV_VERSION := 0.13.9
BIN := .venv/bin
# uv lives in an environment of its own: a sync removes from .venv what the lock does not name.
UV := build/uv-$(UV_VERSION)/bin/uv
# A stamp's name holds the hash of what its step was made from; the folder goes with the environment.
STAMPS := .venv/stamps

export UV_COMPILE_BYTECODE := 1
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
export DO_NOT_TRACK := 1
unexport VIRTUAL_ENV

digest = $(shell cat $(1) 2>/dev/null | git hash-object --stdin | cut -c 1-16)
DBT_SOURCES := $(shell find dbt_project \( -name target -o -name logs \) -prune -o -type f -print 2>/dev/null | LC_ALL=C sort)
TRYTON_SOURCES := $(shell find tryton_shopify -type f ! -name '*.pyc' ! -path '*.egg-info/*' | LC_ALL=C sort)
PACKAGES := $(call digest,pyproject.toml uv.lock tryton_shopify/pyproject.toml)
SYNCED := $(STAMPS)/synced-$(PACKAGES)
PARSED := $(STAMPS)/parsed-$(PACKAGES)-$(call digest,$(DBT_SOURCES))
POSTGRES := $(STAMPS)/postgres-$(PACKAGES)
TRYTON := $(STAMPS)/tryton-$(PACKAGES)-$(call digest,$(TRYTON_SOURCES))

done = @rm -f $(STAMPS)/$(1)-* && touch $@

.PHONY: help setup run once check test soak peers bench clean

help:
	@echo 'make setup   everything that is needed, once'
	@echo 'make run     the local stack and the main job, then the Dagster UI stays open'
	@echo 'make once    the main job once, without the UI'
	@echo 'make test    style, types, imports and every test'
	@echo 'make soak    a shop that lives and misbehaves, followed for 2,000 steps, and books tampered with 200 times; an hour'
	@echo 'make peers   other Shopify extractors, unmodified, against the sandbox (installs them first)'
	@echo 'make bench   how fast the store, the client and the webhook receiver are: one JSON line each, minutes'
	@echo 'make check   style, types and imports only'
	@echo 'make clean   remove everything setup and run have made here'

setup: $(SYNCED) $(PARSED) $(POSTGRES) $(TRYTON)

run: setup
	$(BIN)/shopify-pipeline up

once: setup
	$(BIN)/shopify-pipeline once

check: $(SYNCED) $(PARSED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup check
	$(BIN)/python -m pytest -q --durations=10 --numprocesses 2 --dist loadscope --no-loadscope-reorder

soak: $(SYNCED) $(POSTGRES) $(TRYTON)
	$(BIN)/python -m shopify_pipeline_tests.soak.follow
	$(BIN)/python -m shopify_pipeline_tests.tampering --seeds 200

# Each tool has an environment of its own: none of them is a dependency of this project.
PEERS := tap-shopify==3.13.0 airbyte-source-shopify==4.3.0

peers: $(SYNCED)
	@for peer in $(PEERS); do \
	    folder=build/peers/$${peer%%==*}; \
	    if [ "$$(cat $$folder/installed 2>/dev/null)" = "$$peer" ]; then continue; fi; \
	    echo "installing $$peer"; rm -rf $$folder; \
	    $(UV) venv --quiet --python $(BIN)/python $$folder && \
	    $(UV) pip install --quiet --python $$folder/bin/python $$peer && echo $$peer > $$folder/installed || exit 1; \
	done
	$(BIN)/python -m shopify_pipeline_tests.peers.run --tools build/peers --json build/peers/comparison.json

# One after the other: each measures CPU seconds of its own.
bench: $(SYNCED) $(POSTGRES)
	$(BIN)/python -m shopify_sandbox.bench
	$(BIN)/python -m shopify_pipeline_tests.bench.extract
	$(BIN)/python -m shopify_pipeline_tests.bench.webhooks
	$(BIN)/shopify-pipeline bench extract --orders 20000 --json
	$(BIN)/python -m shopify_pipeline_tests.bench.increment --orders 2000 20000

# Root's PostgreSQL data may be a link to a place its server's account can enter.
clean:
	rm -rf "$$(readlink -f .state/postgres/data || echo .state/postgres)"
	rm -rf .state .venv build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf dbt_project/target dbt_project/logs *.egg-info tryton_shopify/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV):
	@echo '[1/5] uv $(UV_VERSION), which installs the rest'
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	    if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then break; fi; \
	    python=; \
	done; \
	if [ -z "$$python" ]; then \
	    echo 'error: no Python 3.11, 3.12 or 3.13 on the PATH: install one, or name it: make setup PYTHON=/path/to/it' >&2; \
	    exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "error: $$python lacks its venv module: install it (Debian, Ubuntu: apt install python3-venv)" >&2; \
	    exit 1; \
	fi; \
	rm -rf build/uv-* && $$python -m venv build/uv-$(UV_VERSION) && \
	build/uv-$(UV_VERSION)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# An environment that is there keeps its Python; a new one gets the Python uv was installed with.
$(SYNCED): | $(UV)
	@echo '[2/5] the packages of uv.lock, into .venv'
	@if [ -x $(BIN)/python ]; then python=$(BIN)/python; else python=build/uv-$(UV_VERSION)/bin/python; fi; \
	$(UV) sync --locked --all-extras --python $$python
	@mkdir -p $(STAMPS)
	$(call done,synced)

$(PARSED): $(SYNCED)
	@echo '[3/5] the dbt manifest'
	@if [ -e dbt_project/dbt_project.yml ]; then \
	    $(BIN)/dbt --quiet parse --project-dir dbt_project --profiles-dir dbt_project; \
	fi
	$(call done,parsed)

$(POSTGRES): $(SYNCED)
	@echo '[4/5] PostgreSQL from its wheel: does it run here?'
	@$(BIN)/python -m shopify_pipeline.local.postgres
	$(call done,postgres)

$(TRYTON): $(SYNCED)
	@echo '[5/5] the company template of Tryton, a minute the first time'
	@$(BIN)/python -c 'from functools import partial; from shopify_pipeline.local.tryton import ensure_template; \
	    ensure_template(partial(print, flush=True))'
	$(call done,tryton)
