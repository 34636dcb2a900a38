# Zhengji 征集: `make run` needs Python 3.11 or newer and nothing else; `make test` sets up what tests need besides.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
PYTEST := $(BIN)/python -m pytest
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

.DEFAULT_GOAL := help
.PHONY: help run setup setup-test test lint unit features postgresql browser faults soak bench bench-large docs lock vendor clean

help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r name words; do printf '  make %-12s %s\n' "$$name" "$$words"; done

run: setup ## set everything up and serve http://127.0.0.1:8000 with demo data (another port: make run PORT=8080)
	@ZHENGJI_DEMO=$${ZHENGJI_DEMO:-1} $(BIN)/zhengji run --host $(HOST) --port $(PORT)

setup: $(VENV)/ready ## the Python environment that the program runs in, in .venv

setup-test: $(VENV)/ready-for-tests ## what tests need besides: test libraries, Chromium, LibreOffice, fonts, PostgreSQL
	@sh deploy/system_parts.sh

$(VENV)/bootstrapped: requirements-setup.txt
	@sh deploy/environment.sh make "$(VENV)" "$(PYTHON)"
	@touch $@

$(VENV)/ready: $(VENV)/bootstrapped requirements.txt setup.cfg pyproject.toml
	@sh deploy/environment.sh fill "$(VENV)" requirements.txt
	@touch $@

$(VENV)/ready-for-tests: $(VENV)/ready requirements-test.txt
	@sh deploy/environment.sh fill "$(VENV)" requirements-test.txt
	@touch $@

test: setup-test ## every check and every test, on SQLite and on PostgreSQL, in the browser and with faults
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory unit features
	@$(MAKE) --no-print-directory postgresql
	@$(MAKE) --no-print-directory browser
	@$(MAKE) --no-print-directory faults

lint: $(VENV)/ready-for-tests ## style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict
	$(BIN)/mypy --strict --python-version 3.10 workflow/audit/verifier/zhengji_verify.py
	$(BIN)/lint-imports

unit: $(VENV)/ready-for-tests ## all tests but features, browser and faults, on SQLite
	$(PYTEST) -n $(JOBS) tests --ignore=tests/test_features.py --ignore=tests/browser --ignore=tests/faults

features: $(VENV)/ready-for-tests ## the demands of the call as examples, on SQLite
	$(PYTEST) -n $(JOBS) tests/test_features.py

postgresql: $(VENV)/ready-for-tests ## every test that touches a database once more, on PostgreSQL
	ZHENGJI_TEST_DATABASE=postgresql $(PYTEST) -n $(JOBS) -m database tests --ignore=tests/browser --ignore=tests/faults

browser: $(VENV)/ready-for-tests ## the journeys in Chromium
	$(PYTEST) tests/browser

faults: $(VENV)/ready-for-tests ## what happens when parts fail or are killed, on SQLite and on PostgreSQL
	$(PYTEST) -n $(JOBS) tests/faults
	ZHENGJI_TEST_DATABASE=postgresql $(PYTEST) -n $(JOBS) tests/faults

soak: $(VENV)/ready-for-tests ## kill everything at random for long (ZHENGJI_SOAK_SECONDS for each ordeal, 1800 by default)
	ZHENGJI_SOAK_SECONDS=$${ZHENGJI_SOAK_SECONDS:-1800} $(PYTEST) tests/faults -k "random or found_out"
	ZHENGJI_SOAK_SECONDS=$${ZHENGJI_SOAK_SECONDS:-1800} ZHENGJI_TEST_DATABASE=postgresql $(PYTEST) tests/faults -k "random or found_out"

bench: $(VENV)/ready-for-tests $(PEERS)/ready tests/bench/node/node_modules ## measure, and write benchmarks/latest.json
	@sh deploy/system_parts.sh bench
	@ZHENGJI_PEERS=$(PEERS)/bin/python $(BIN)/python -m tests.bench

bench-large: $(VENV)/ready-for-tests ## measure lists, searches and comparisons among 1,000,000 cases, kept in var/bench (13 GB, made once)
	@$(BIN)/python -m tests.bench large

tests/bench/node/node_modules: tests/bench/node/package-lock.json
	npm ci --prefix tests/bench/node --ignore-scripts --no-audit --no-fund
	@touch $@

$(PEERS)/ready: $(VENV)/bootstrapped requirements-peers.txt
	@sh deploy/environment.sh apart "$(PEERS)" requirements-peers.txt "$(BIN)/uv"
	@touch $@

docs: $(VENV)/ready-for-tests ## write the generated pages rules/README.md and states/README.md anew
	@$(BIN)/python -m tests.generated

lock: $(VENV)/bootstrapped ## choose library versions anew (all of them: make lock UPGRADE=--upgrade)
	printf 'setuptools\nuv\n' | $(LOCK) $(UPGRADE) --no-annotate --output-file requirements-setup.txt -
	$(LOCK) $(UPGRADE) --output-file requirements.txt setup.cfg
	$(LOCK) $(UPGRADE) --extra otel --extra test --constraint requirements.txt --output-file requirements-test.txt setup.cfg
	printf 'django\ndjango-fsm-2\nspiffworkflow\nsqlalchemy\ntransitions\n' | $(LOCK) $(UPGRADE) --constraint requirements.txt --output-file requirements-peers.txt -

vendor: ## copy the front-end files of package-lock.json to web/static/vendor (needs Node)
	npm ci --ignore-scripts --no-audit --no-fund
	$(PYTHON) deploy/vendor.py

clean: ## remove what make and tests have made; demo data in var/ stays
	rm -rf $(VENV) $(PEERS) node_modules tests/bench/node/node_modules build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
