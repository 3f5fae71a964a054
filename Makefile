# Two commands do everything: `make demo` and `make test`. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help package-for-types demo built wheel test tests quick quick-tests lint format docs dashboard screenshots pictures clean

PYTHON ?= python3
# of the dashboard; without one the first free from 8501
PORT ?=
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
# Linux without a GPU takes PyTorch's build without CUDA, 2.8 GB in place of 7.4; TORCH_INDEX= takes the usual one
HAS_GPU := $(wildcard /dev/nvidia0)$(shell command -v nvidia-smi)
TORCH_INDEX ?= $(if $(filter Linux,$(shell uname -s)),$(if $(HAS_GPU),,https://download.pytorch.org/whl/cpu))
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
# tests on all cores, at most four: a file of tests on one of them, and one thread each for products
WORKERS ?= auto
PYTEST = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest \
	--numprocesses $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 14

demo: $(READY) ## make the demo world, train on it, open the dashboard while the run is computed
	@$(BIN)/python -m fieldmarks demo $(if $(PORT),--port $(PORT))

dashboard: $(READY) ## open the dashboard over all runs in artifacts/
	@$(BIN)/python -m fieldmarks dashboard $(if $(PORT),--port $(PORT))

# what is there is not made again
built: $(READY)
	@$(BIN)/python -m fieldmarks demo --build

test: $(READY) ## lint and, beside it, all tests; the browser tests too where a Chromium is found
	@$(MAKE) --no-print-directory -j2 lint tests

tests: $(READY)
	@$(PYTEST)

quick: $(READY) ## lint and, beside it, the quick tests: no browser, no training, no run computed
	@$(MAKE) --no-print-directory -j2 --output-sync=target lint quick-tests

quick-tests: $(READY)
	@$(PYTEST) -q --durations=5 --durations-min=2 -m "not slow and not browser and not real"

lint: $(READY) package-for-types ## check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --pythonpath $(BIN)/python

# the package as an installation has it, for the type checker
package-for-types:
	@rm -rf build/types && mkdir -p build/types
	@cp -r fieldmarks build/types/ && cp -r core dashboard precompute build/types/fieldmarks/

wheel: built ## build dist/*.whl, with the finished runs of the demo inside
	@rm -rf build/demo dist
	@$(BIN)/python -m fieldmarks.precompute.demo.packing artifacts/demo artifacts/demo-repaired build/demo
	@$(BIN)/python -m build --quiet --wheel

docs: $(READY) ## build the site of the documentation, strictly, into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

format: $(READY) ## rewrite the sources in the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

screenshots: built ## picture every page of the demo in both themes into artifacts/screenshots
	@$(BIN)/python -m tests.support.screenshots demo artifacts/screenshots

pictures: built ## regenerate the pictures of the documentation from the demo
	@$(BIN)/python -m tests.support.screenshots demo dashboard/pictures --jpeg 1000 --only \
		overview,failures,image,what_if,filters,filter,search,grounding,classes,causes,map,repair,try
	@$(BIN)/python -m benchmarks.tasks demo --pictures dashboard/pictures --jpeg 640

clean: ## remove the environment and everything that was computed
	rm -rf .venv .venv-* artifacts build dist .pytest_cache .ruff_cache

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Fieldmarks needs Python 3.11 to 3.13, this is " + sys.version.split()[0] + ": make demo PYTHON=python3.12")'
	@echo "Creating the environment in $(VENV) (a few minutes the first time) ..."
	@$(PYTHON) -m venv $(VENV)
	@[ -z "$(TORCH_INDEX)" ] || grep '^torch' requirements.txt \
		| $(PIP) --no-deps --timeout 15 --retries 1 --index-url "$(TORCH_INDEX)" -r /dev/stdin 2>/dev/null \
		|| echo "$(TORCH_INDEX) has not answered: PyTorch comes with CUDA, 4.6 GB more"
	@$(PIP) -r requirements.txt
	@touch $(READY)
