# Parley: everything a newcomer needs is `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run install test bench model lock clean

run: install
	@exec $(BIN)/parley up

install: $(VENV)/.run

test: $(VENV)/.test
	@exec $(BIN)/python -m pytest

bench: $(VENV)/.test
	@exec $(BIN)/python -m tests.bench

model: $(VENV)/.run
	@exec $(BIN)/parley train

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Parley needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one with: make PYTHON=python3.12 run")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing Parley into $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: tests/requirements.lock $(VENV)/.run
	@echo "Installing the test tools ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/requirements.lock
	@touch $@

# Needs `uv`. Hashes only: no index address may enter a lock file.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header
lock:
	@echo 'setuptools>=80' | $(LOCK) --extra embedded pyproject.toml - --output-file requirements.lock
	@echo 'setuptools>=80' | $(LOCK) --extra embedded --extra test pyproject.toml - --constraint requirements.lock --output-file tests/requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info
