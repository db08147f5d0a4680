# make             lists what there is to do
# AWS_PROFILE      is the only switch: unset or `local`, everything runs on this machine; any profile of yours, on AWS
# DATASET=archive  is taken in place of the download of CIFAR-100; KEEP=1 leaves the local cloud up after `make run`

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# but for tests, which wait more than they work
ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif

STARTED := $(shell date +%s)
PYTHON := .venv/bin/python
UV := .venv/bin/uv
CLOUD := $(PYTHON) -m local_cloud

UV_VERSION := 0.13.9
TORCH_VERSION := 2.13.0
# torch's own index has builds without CUDA (200 MB rather than 3 GB). Few retries: where it cannot be reached, pip goes on
# with its other sources.
TORCH_INDEX := https://download.pytorch.org/whl/cpu

# What pip is told of a house's own packages, uv is told too.
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
endif
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
export UV_PYTHON_DOWNLOADS := never

# Tests choose their own AWS.
PYTEST := env $(foreach name,$(filter AWS_%,$(.VARIABLES)),-u $(name)) .venv/bin/pytest

# Every run of pytest leaves a line for each suite in this file: who runs several prints them at the end.
BEGIN_COUNTS = @mkdir -p .scones && rm -f $(SCONES_TEST_COUNTS)
END_COUNTS = @sort $(SCONES_TEST_COUNTS); echo "$@: passed in $$(( $$(date +%s) - $(STARTED) )) s

##@ Start here

.PHONY: help
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: .venv/.installed .venv-localstack/.installed ## install everything into .venv and .venv-localstack
	@:

.PHONY: run
run: setup data/sample.tar.gz ## the whole workflow; starts the local cloud for it, and stops it (not with KEEP=1)
	@$(CLOUD) run -- .venv/bin/scones run

##@ The local cloud

.PHONY: up
up: setup ## start it, and wait until it is ready
	@$(CLOUD) up

.PHONY: down status logs
down: ## stop it, with everything that it started
status: ## show each server: state, pid, port, uptime, memory, log
logs: ## the last lines of the servers' logs (FOLLOW=1 goes on with what is written from now on)
down status logs:
	@test -x $(PYTHON) || { echo "nothing is set up here: run make up"; exit 1; }
	@$(CLOUD) $@ $(if $(and $(filter logs,$@),$(FOLLOW)),-f)

.PHONY: env
env: .venv/.installed ## print the exports that point a shell at it: eval "$(make -s env)"
	@$(CLOUD) env

##@ The workflow, step by step

STEPS := deploy stage train endpoint classify report destroy
.PHONY: $(STEPS)
deploy: ## create or update everything that lasts: shows what will change, what it costs, and asks (not with YES=1)
stage: ## get the images, write the manifests, upload
train: ## train the classifier
endpoint: ## serve it, with data capture
classify: ## run test images through the state machine
report: ## read what was captured, draw it, write out/report
destroy: ## take it all away again, the endpoint first
$(STEPS): setup data/sample.tar.gz
	@$(CLOUD) require -- .venv/bin/scones $@

.PHONY: pipeline
pipeline: setup ## train, evaluate, and put the model into service if it is good enough (exit code 3 if it is not)
	@$(CLOUD) require -- .venv/bin/scones pipeline

.PHONY: classify-batch
classify-batch: setup ## run many at once: PREFIX=test/ or MANIFEST=key, CONCURRENCY=8, TOLERATED_FAILURE_PERCENTAGE=10
	@$(CLOUD) require -- .venv/bin/scones classify-batch $(PREFIX) $(if $(MANIFEST),--manifest $(MANIFEST))

.PHONY: load
load: setup ## send test images at a rate: RATE=5 FOR=30s, or BURST=50; ENDPOINT=1 goes past the state machine
	@$(CLOUD) require -- .venv/bin/scones load $(if $(BURST),--burst $(BURST)) $(if $(RATE),--rate $(RATE)) \
	  $(if $(FOR),--for $(FOR)) $(if $(ENDPOINT),--endpoint)

data/sample.tar.gz: data/draw_sample.py | .venv/.installed
	@$(PYTHON) data/draw_sample.py $@

##@ Development

.PHONY: test
test: setup ## unit and contract tests: fast, nothing to start
	@$(PYTEST) tests/unit tests/contract

.PHONY: test-local
test-local: export RANDOM_REQUESTS := 5000
test-local: export SCONES_TEST_COUNTS := .scones/test-local.counts
test-local: setup lint ## all that needs no Docker: lint, unit, contract and integration tests
	$(BEGIN_COUNTS)
	@$(MAKE) --no-print-directory -j2 SIDE_BY_SIDE=1 test-contract test-others
	$(END_COUNTS), set-up included"

.PHONY: test-kill
test-kill: setup ## kill the emulator at 100 random moments, and look for what is lost (KILLS=n for another number)
	@KILLS=$(or $(KILLS),100) $(PYTEST) tests/contract/test_kill.py

# Published on ports and under names of their own, so that a local cloud that is up goes on undisturbed.
TEST_COMPOSE := SCONES_LOCALSTACK_PORT=14566 SCONES_SAGEMAKER_PORT=14570
INTEGRATION := $(PYTEST) tests/integration -rs
.PHONY: test-docker
test-docker: export SCONES_TEST_COUNTS := .scones/test-docker.counts
test-docker: setup images ## the integration tests on compose, with the docker engine, and on local mode; needs Docker
	$(BEGIN_COUNTS)
	@$(PYTEST) tests/docker -rs --durations=5
	@set -e; export $(TEST_COMPOSE) COMPOSE_PROJECT_NAME=scones-tests; \
	trap 'docker compose down --volumes --remove-orphans' EXIT; \
	docker compose up --detach --wait --no-build; \
	SCONES_TEST_CLOUD=compose $(INTEGRATION)
	@SCONES_TEST_CLOUD=local-mode $(INTEGRATION)
	$(END_COUNTS), images included"

.PHONY: images
images: ## build the images of the kit (DEVICE=cu130 for GPUs: a CUDA version that torch is built for)
	@SCONES_DEVICE=$(or $(DEVICE),cpu) docker/build

.PHONY: sdk3
sdk3: .venv-sdk3/.installed ## install the SageMaker SDK v3, into an environment of its own
	@:

.PHONY: test-sdk3
test-sdk3: .venv/.installed sdk3 ## drive the emulator by the SageMaker SDK v3
	@$(PYTEST:.venv/%=.venv-sdk3/%) tests/sdk_v3

BOTOCORE := $(shell sed -n 's/^botocore==//p' requirements.lock)
VECTORS := .scones/botocore-$(BOTOCORE)/tests/unit/protocols
.PHONY: test-vectors
test-vectors: setup $(VECTORS) ## botocore's own protocol vectors, from its source, against the emulator's wire
	@BOTOCORE_PROTOCOL_VECTORS=$(CURDIR)/$(VECTORS) $(PYTEST) tests/contract/wire/test_protocol_vectors.py

$(VECTORS):
	@mkdir -p .scones
	@.venv/bin/pip download --quiet --no-deps --no-binary :all: --no-build-isolation -d .scones botocore==$(BOTOCORE)
	@tar -xzf .scones/botocore-$(BOTOCORE).tar.gz -C .scones botocore-$(BOTOCORE)/tests/unit/protocols

.PHONY: test-contract test-others
test-contract: setup
	@$(PYTEST) tests/contract --durations=10
test-others: setup
	@$(PYTEST) tests/unit tests/integration --durations=10

.PHONY: lint
lint: setup ## ruff, format, mypy, import-linter and hadolint
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/mypy --config-file src/localstack_plugin/pyproject.toml
	@PYTHONPATH=src .venv/bin/lint-imports --no-cache
	@.venv/bin/hadolint docker/*/Dockerfile

.PHONY: format
format: .venv/.installed ## let ruff put the code in order
	@.venv/bin/ruff check --fix
	@.venv/bin/ruff format

.PHONY: docs
docs: setup ## write anew the pages of docs/ that are made from the code
	@$(PYTHON) -m sagemaker_emulator.operations_page > docs/operations.md
	@$(if $(wildcard src/scones/settings_page.py),$(PYTHON) -m scones.settings_page > docs/settings.md,:)

NOT_BENCHMARKS := benchmarks/accuracy.py benchmarks/opt_ml.py
BENCHMARKS = $(filter-out $(NOT_BENCHMARKS),$(wildcard benchmarks/*.py))
.PHONY: bench
bench: setup data/sample.tar.gz .venv-ministack/.installed .venv-mxnet/.installed ## measure, on a local cloud of its own
	@set -e; test -n "$(BENCHMARKS)" || { echo "benchmarks/ has no programs" >&2; exit 1; }; \
	for benchmark in $(BENCHMARKS); do echo "== $$benchmark"; $(CLOUD) run -- $(PYTHON) $$benchmark; done

.PHONY: bench-accuracy
bench-accuracy: setup data/sample.tar.gz ## train by the default recipe: five seeds, and five re-splits (some ten minutes)
	@DATASET=$(or $(DATASET),data/sample.tar.gz) $(PYTHON) benchmarks/accuracy.py

.PHONY: fuzz
fuzz: setup ## send the readers and the server what nobody should, FUZZ_S seconds each (600)
	@set -e; for program in $(filter-out fuzz/harness.py,$(wildcard fuzz/*.py)); do echo "== $$program"; $(PYTHON) $$program; done

COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --no-header
.PHONY: lock
lock: .venv/.uv-$(UV_VERSION) ## resolve the dependencies anew, into the lock files
	$(COMPILE) --no-emit-package torch --extra dev pyproject.toml -o requirements.lock
	$(COMPILE) src/localstack_plugin/requirements.in -o src/localstack_plugin/requirements.lock
	$(COMPILE) tests/sdk_v3/requirements.in -o tests/sdk_v3/requirements.lock
	$(COMPILE) benchmarks/ministack/requirements.in -o benchmarks/ministack/requirements.lock

.PHONY: clean
clean: ## stop the local cloud, remove its state, the environments and the results
	@if [ -x $(PYTHON) ]; then $(CLOUD) down; fi
	rm -rf .venv .venv-localstack .venv-ministack .venv-mxnet .venv-sdk3 .scones out

# ---- set-up: a stamp is as old as the lock that an environment was made from, or newer ----

.venv/.uv-$(UV_VERSION):
	@echo "set-up: .venv" >&2
	@python3 -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11) and "python3 is " + sys.version.split()[0] + ": it must be 3.11 or newer")'
	@test -x $(PYTHON) || python3 -m venv .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/.torch-$(TORCH_VERSION): .venv/.uv-$(UV_VERSION)
	@echo "set-up: torch $(TORCH_VERSION)" >&2
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --retries 1 --timeout 15 \
	  --extra-index-url $(TORCH_INDEX) torch==$(TORCH_VERSION)
	@touch $@

.venv/.installed: .venv/.torch-$(TORCH_VERSION) requirements.lock pyproject.toml
	@echo "set-up: the kit and its dependencies" >&2
	@$(UV) pip install --quiet --python $(PYTHON) -r requirements.lock
	@$(UV) pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation -e .
	@touch $@

.venv-localstack/.locked: .venv/.uv-$(UV_VERSION) src/localstack_plugin/requirements.lock
	@echo "set-up: .venv-localstack" >&2
	@test -x .venv-localstack/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-localstack
	@$(UV) pip install --quiet --python .venv-localstack/bin/python -r src/localstack_plugin/requirements.lock
	@touch $@

.venv-localstack/.installed: .venv-localstack/.locked src/localstack_plugin/pyproject.toml src/safety/pyproject.toml
	@echo "set-up: the plugin of LocalStack" >&2
	@# built apart: LocalStack brings an extension of setuptools that breaks editable installs
	@$(UV) pip install --quiet --python .venv-localstack/bin/python --no-deps -e ./src/safety -e ./src/localstack_plugin
	@touch $@

.venv-ministack/.installed: .venv/.uv-$(UV_VERSION) benchmarks/ministack/requirements.lock
	@echo "set-up: .venv-ministack" >&2
	@test -x .venv-ministack/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-ministack
	@$(UV) pip install --quiet --python .venv-ministack/bin/python -r benchmarks/ministack/requirements.lock
	@touch $@

.venv-sdk3/.installed: .venv/.uv-$(UV_VERSION) tests/sdk_v3/requirements.lock
	@echo "set-up: .venv-sdk3" >&2
	@test -x .venv-sdk3/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-sdk3
	@$(UV) pip install --quiet --python .venv-sdk3/bin/python -r tests/sdk_v3/requirements.lock
	@touch $@

# what AWS's algorithm is made of, to be measured against; its last release wants an old numpy
.venv-mxnet/.installed: .venv/.uv-$(UV_VERSION)
	@echo "set-up: MXNet, to measure against" >&2
	@test -x .venv-mxnet/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-mxnet
	@$(UV) pip install --quiet --python .venv-mxnet/bin/python mxnet==1.9.1 numpy==1.23.5
	@touch $@
