# Zhengji 征集: `make run` needs Python 3.11 or newer and nothing else; `make test` sets up what tests need besides.

PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv --no-config
export PYTHONDONTWRITEBYTECODE ?= 1

.DEFAULT_GOAL := help
.PHONY: help run setup setup-test test lint unit features postgresql browser faults bench docs lock vendor clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

run: setup ## set everything up and serve http://127.0.0.1:8000 with demo data (PORT=8080 for another port)
	@$(BIN)/zhengji run --host $(HOST) --port $(PORT)

setup: $(VENV)/runtime.stamp ## the Python environment alone, in .venv

$(VENV)/bootstrap.stamp: requirements-setup.txt deploy/bootstrap.sh
	@PYTHON="$(PYTHON)" sh deploy/bootstrap.sh $(VENV)
	@touch $@

$(VENV)/runtime.stamp: $(VENV)/bootstrap.stamp requirements.txt setup.cfg pyproject.toml
	@echo "Installing the libraries of requirements.txt …"
	@$(UV) pip install --quiet --python $(VENV) --require-hashes -r requirements.txt
	@$(UV) pip install --quiet --python $(VENV) --no-deps --no-build-isolation --editable .
	@touch $@
