# Two commands for a fresh machine: `make demo` and `make test`. Both set everything up first.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help setup demo test check bench format clean

help:                ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY)      ## make .venv with the pinned dependencies

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt torch
	@# setuptools warns of any editable installation; there is nothing to do about it
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable '.[dev,postgres,science]'
	@touch $(READY)

demo: setup          ## a session of real tasks, no model and no key
	@$(BIN)/python examples/demo.py

test: setup          ## the test suite
	$(BIN)/python -m pytest -q -n 2

check: setup         ## format, lint, types, import contracts, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 2

format: setup        ## rewrite the files in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv-peers/.ready: benchmarks/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers.txt
	@touch $@

bench: setup .venv-peers/.ready  ## NAME=escapes (or another of `python -m benchmarks -h`) [DATA=folder] [QUICK=1]
	$(BIN)/python -m benchmarks $(NAME) $(if $(DATA),--data $(DATA)) $(if $(QUICK),--quick)

clean:               ## remove what the targets made
	rm -rf $(VENV) .venv-peers build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache
