# Every target sets itself up: a .venv with pinned versions, and a control plane in the user's cache.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What the demo needs is in the environment; and what the tests and linters need too.
PLAYABLE := $(VENV)/.playable
READY := $(VENV)/.ready
INSTALL = $(PYTHON) devtools/environment.py $(VENV) --constraint constraints.txt --editable ./devtools
# Most tests wait for a server, so there are more workers than cores.
WORKERS ?= 4
# What `make unit` runs. These wait for nothing, so there are as many workers as cores.
UNIT = tests/core tests/api tests/providers tests/kube tests/telemetry tests/engine -m "not apiserver and not long"
UNIT_WORKERS ?= auto
# Which fault scenarios a soak plays. A thousand take about a quarter of an hour on two cores.
RUNS ?= 2000
FIRST ?= 300
# How many answers a fuzzing draws for each of its tests; 20,000 take a few minutes.
EXAMPLES ?= 20000

# What builds the image: docker, podman or buildah; and more of its options, such as --build-arg BASE=...
ENGINE ?= docker
ENGINE_OPTIONS ?=
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
IMAGE ?= trainsweep/trainsweep:$(VERSION)
DIST ?= dist
# Where the source is, for the image's labels.
SOURCE ?= https://trainsweep.dev/
# All times in the image are that of the commit. buildah and podman write them into the layers too, so that the same commit
# and base give the same image; of docker's builders only some can (--output type=image,rewrite-timestamp=true).
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct),0)
TIMES = $(if $(filter buildah podman,$(notdir $(firstword $(ENGINE)))),--timestamp $(SOURCE_DATE_EPOCH))
BUILD = $(ENGINE) build $(TIMES) $(ENGINE_OPTIONS) --build-arg SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH)

.DEFAULT_GOAL := help
.PHONY: help demo unit test soak fuzz check format bench generate manifests image sbom clean

help: ## Show the targets.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

demo: $(PLAYABLE) ## Show all five seeds at work on a real API server.
	$(BIN)/trainsweep demo

unit: $(READY) ## Run the tests that need no API server and take no long: under a minute on two cores.
	$(BIN)/pytest --numprocesses $(UNIT_WORKERS) --dist loadfile $(UNIT)

test: $(READY) ## Run all tests, the real API server included.
	-$(BIN)/python tests/tools
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile

soak: $(READY) ## Play RUNS=2000 fault scenarios from seed FIRST=300 on; `make test` plays the first 300.
	TRAINSWEEP_FAULT_RUNS=$(RUNS) TRAINSWEEP_FAULT_FIRST=$(FIRST) \
		$(BIN)/pytest tests/faults/test_faults.py --log-cli-level=INFO -p no:xdist

fuzz: $(READY) ## Draw EXAMPLES=20000 answers of providers and their lists; `make test` draws 100.
	TRAINSWEEP_FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/pytest tests/providers/test_fuzz.py -p no:xdist --timeout 0

check: $(READY) ## Lint, types, layers, the Dockerfile.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

format: $(READY) ## Put the code into its form.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generate: $(READY) ## Write what is generated: the CustomResourceDefinitions, the table of metrics, the reference.
	$(BIN)/trainsweep crds --output crds
	$(BIN)/python -m trainsweep.telemetry.definitions > docs/metrics.md
	$(BIN)/python charts/generate.py
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/map.py
	$(BIN)/python docs/pictures.py
	$(BIN)/python charts/manifests.py

manifests: $(READY) ## Write dist/install.yaml and the kustomize base from the chart.
	$(BIN)/python charts/manifests.py

bench: $(READY) ## Measure against the figures of the benchmarks' README.
	$(BIN)/python -m benchmarks

image: sbom ## Build the image with docker, or ENGINE=podman, buildah; and its bill of materials.
	$(BUILD) --build-arg VERSION=$(VERSION) --build-arg REVISION=$(shell git rev-parse HEAD) \
		--build-arg CREATED=$(shell git log -1 --format=%cI) --build-arg SOURCE=$(SOURCE) --tag $(IMAGE) .

sbom: ## Write what is in the image to dist/trainsweep.cdx.json, as CycloneDX.
	$(BUILD) --target sbom --output type=local,dest=$(DIST) .

clean: ## Remove the environment and all caches of this checkout.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
	test ! -d $(DIST) || find $(DIST) -mindepth 1 ! -name install.yaml -delete

$(PLAYABLE): pyproject.toml devtools/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	@echo "Installing Trainsweep and its development tools into $(VENV); later runs find it there."
	@$(INSTALL) --editable .
	@touch $@

$(READY): $(PLAYABLE)
	@echo "Installing what tests and linters need into $(VENV); later runs find it there."
	@$(INSTALL) --editable '.[dev]'
	@touch $@
