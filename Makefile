# make             lists the targets; .venv/bin/scones --help lists the commands that most of them call
# AWS_PROFILE      is the only switch: unset or `local`, everything runs on this machine; with any profile of yours, on AWS
# DATASET=archive  replaces the download of CIFAR-100; KEEP=1 leaves the local cloud up after `make run`

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# one target after the other, except tests, which wait more than they compute
ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif

STARTED := $(shell date +%s)
PYTHON := .venv/bin/python
UV := .venv/bin/uv
SCONES := .venv/bin/scones

UV_VERSION := 0.13.9
TORCH_VERSION := 2.13.0
# torch's own index has builds without CUDA (200 MB rather than 3 GB). Few retries: where it cannot be reached, pip goes on
# with its other sources.
TORCH_INDEX := https://download.pytorch.org/whl/cpu

# uv uses the package sources that pip is configured for.
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
endif
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
export UV_PYTHON_DOWNLOADS := never

# Shells in containers often forbid bytecode: then each of the many processes compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# Tests choose their own AWS.
PYTEST := env $(foreach name,$(filter AWS_%,$(.VARIABLES)),-u $(name)) .venv/bin/pytest

# Coverage of the unit tests. The floor is a few points below the measured figure: raise it when the figure rises.
COVERAGE_FLOOR := 80
COVERAGE_DATA := .scones/coverage
REPORT_COVERAGE = @.venv/bin/coverage combine --quiet; .venv/bin/coverage report --fail-under=$(COVERAGE_FLOOR)

# Each run of pytest appends a line for each suite to this file. Targets that run several print the lines at the end.
BEGIN_COUNTS = @mkdir -p .scones && rm -f $(SCONES_TEST_COUNTS)
END_COUNTS = @sort $(SCONES_TEST_COUNTS); echo "$@: passed in $$(( $$(date +%s) - $(STARTED) )) s

##@ Start here

.PHONY: help
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { print substr($$0, 5) } \
	  /^#> / { print " " substr($$0, 3) } \
	  /^[a-z0-9-]+:.*## / { printf "  %-20s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: .venv/.installed .venv-localstack/.installed .venv-lambda/.locked data/sample.tar.gz ## install everything
	@:

.PHONY: run
run: setup ## run the whole workflow on a local AWS, then stop it (KEEP=1 leaves it up)
	@$(SCONES) run

##@ Targets that call the command scones (help: .venv/bin/scones NAME --help)
#> up down status logs env                       the local AWS (logs: FOLLOW=1)
#> deploy stage train endpoint classify report   the steps of the workflow, in order
#> pipeline classify-batch load monitor          retrain; many images (PREFIX); load (RATE); drift
#> destroy                                       remove what the steps created

.PHONY: up
up: setup
	@$(SCONES) up

# without set-up: stopping and looking must not start it
.PHONY: down status logs
down status logs:
	@test -x $(SCONES) || { echo "nothing is set up here: run make up"; exit 1; }
	@$(SCONES) $(if $(filter logs,$@),logs server $(if $(FOLLOW),--follow),$@)

.PHONY: env
env: .venv/.installed
	@$(SCONES) env

STEPS := deploy stage train endpoint classify report destroy pipeline
.PHONY: $(STEPS)
$(STEPS): setup
	@$(SCONES) $@

.PHONY: classify-batch
classify-batch: setup
	@$(SCONES) classify-batch $(PREFIX) $(if $(MANIFEST),--manifest $(MANIFEST))

.PHONY: monitor
monitor: setup
	@$(SCONES) monitor run $(if $(HOURS),--hours $(HOURS))

.PHONY: load
load: setup
	@$(SCONES) load $(if $(BURST),--burst $(BURST)) $(if $(RATE),--rate $(RATE)) $(if $(FOR),--for $(FOR)) \
	  $(if $(ENDPOINT),--endpoint)

data/sample.tar.gz: data/draw_sample.py | .venv/.installed
	@$(PYTHON) data/draw_sample.py $@

##@ Tests and checks
#> format docs lock wheel clean   format; write pages; resolve locks; build dist/; remove all that

.PHONY: test
test: setup ## unit and contract tests: fast, no server to start
	@$(PYTEST) tests/unit tests/contract

.PHONY: test-local
test-local: export RANDOM_REQUESTS := 5000
test-local: export SCONES_TEST_COUNTS := .scones/test-local.counts
test-local: setup lint ## everything that needs no Docker: lint, unit, contract and integration tests
	$(BEGIN_COUNTS)
	@# the longest first: the other two take about as long as it does
	@$(MAKE) --no-print-directory -j2 SIDE_BY_SIDE=1 test-integration test-contract test-unit
	@printf 'coverage of the unit tests in percent: '
	$(REPORT_COVERAGE) --format=total
	$(END_COUNTS), set-up included"

.PHONY: coverage
coverage: test-unit ## how much of each file the unit tests execute; fails below the floor
	$(REPORT_COVERAGE)

.PHONY: test-attacks
test-attacks: setup ## attack every port in every way (test-browser: open the console in Chromium)
	@$(PYTEST) tests/attacks $(if $(ATTACKS),-m "$(ATTACKS)") -rs

.PHONY: test-browser
test-browser: setup
	@$(PYTEST) tests/browser -rs --durations=5

.PHONY: test-kill
test-kill: setup ## kill the emulator at random moments (KILLS=n; test-restart: LocalStack)
	@KILLS=$(or $(KILLS),100) $(PYTEST) tests/contract/test_kill.py

.PHONY: test-restart
test-restart: setup
	@ROUNDS=$(or $(ROUNDS),3) OBJECTS=$(or $(OBJECTS),1000) $(PYTEST) -s tests/integration/test_restart.py

.PHONY: test-faults
test-faults: setup ## full disk, S3 away, a clock that is set, damaged state (needs root)
	@FAULTS=full $(PYTEST) tests/faults -rs --durations=10

# The ports and names are the tests' own, so that a local cloud that is up is not disturbed.
TEST_COMPOSE := SCONES_LOCALSTACK_PORT=14566 SCONES_SAGEMAKER_PORT=14570
INTEGRATION := $(PYTEST) tests/integration -rs
# The files whose subject is LocalStack's own code: the states language, templates, checks of requests, and what S3 answers.
# That code needs nothing outside its process, and is the same in the image. What the image has beside it, the other files
# and tests/docker use: functions, their sandboxes, Step Functions with jobs, S3's folder, the emulator, the network.
SAME_ON_COMPOSE := $(addprefix states_language/test_,rows tested_states validation) $(addprefix test_,cloudformation \
  cloudformation_templates lambda_requests s3_conditions s3_configurations s3_events s3_listings services_beside)
# The files whose commands depend on the profile. The others call the servers, which are the same under both profiles.
LOCAL_MODE := $(foreach name,deploy import local_cloud new_data pipeline training_workflow workflow,tests/integration/test_$(name).py)
.PHONY: test-docker
test-docker: export SCONES_TEST_COUNTS := .scones/test-docker.counts
test-docker: setup images ## integration tests on Docker: Compose, the docker engine, local mode
	$(BEGIN_COUNTS)
	@$(PYTEST) tests/docker -rs --durations=5
	@set -e; export $(TEST_COMPOSE) COMPOSE_PROJECT_NAME=scones-tests; \
	trap 'docker compose down --volumes --remove-orphans' EXIT; \
	docker compose up --detach --wait --no-build; \
	SCONES_TEST_CLOUD=compose $(INTEGRATION) $(SAME_ON_COMPOSE:%=--ignore=tests/integration/%.py)
	@SCONES_TEST_CLOUD=local-mode $(PYTEST) $(LOCAL_MODE) -rs
	$(END_COUNTS), images included"

.PHONY: compose-up
compose-up: ## the local AWS in containers, images built anew (docker compose down)
	@docker/up

.PHONY: images
images: ## build the Docker images (DEVICE=cu130, a CUDA version of torch, for GPUs)
	@SCONES_DEVICE=$(or $(DEVICE),cpu) docker/build

.PHONY: test-states-language
test-states-language: setup ## the Amazon States Language on a local cloud, clause by clause
	@$(PYTEST) tests/integration/states_language

.PHONY: wheel
wheel: .venv/.installed
	@rm -rf dist
	@$(UV) build --quiet --wheel --no-build-isolation --python $(PYTHON) --out-dir dist

.PHONY: test-wheel
test-wheel: wheel ## the wheel in empty environments (WHEEL=short: without training)
	@$(PYTEST) tests/wheel -rs --durations=5

.PHONY: sdk2 sdk3
sdk2 sdk3: %: .venv-%/.locked
	@:

.PHONY: test-notebooks
test-notebooks: setup sdk2 sdk3
	@$(PYTEST) tests/notebooks -rs

.PHONY: test-sdk3
test-sdk3: .venv/.installed sdk3 ## test the emulator with the SageMaker SDK v3, in its own environment
	@$(PYTEST:.venv/%=.venv-sdk3/%) tests/sdk_v3

BOTOCORE := $(shell sed -n 's/^botocore==//p' requirements.lock)
VECTORS := .scones/botocore-$(BOTOCORE)/tests/unit/protocols
.PHONY: test-vectors
test-vectors: setup $(VECTORS) ## test the emulator with the protocol tests in botocore's source
	@BOTOCORE_PROTOCOL_VECTORS=$(CURDIR)/$(VECTORS) $(PYTEST) tests/contract/wire/test_protocol_vectors.py

$(VECTORS):
	@mkdir -p .scones
	@.venv/bin/pip download --quiet --no-deps --no-binary :all: --no-build-isolation -d .scones botocore==$(BOTOCORE)
	@tar -xzf .scones/botocore-$(BOTOCORE).tar.gz -C .scones botocore-$(BOTOCORE)/tests/unit/protocols

.PHONY: test-contract test-unit test-integration
test-contract: setup
	@$(PYTEST) tests/contract tests/faults -rs --durations=10
test-unit: setup
	@rm -rf $(COVERAGE_DATA) && mkdir -p $(COVERAGE_DATA)
	@$(PYTEST:%pytest=%coverage) run -m pytest tests/unit --durations=10
test-integration: setup
	@$(PYTEST) tests/integration --durations=10
	@$(PYTEST) tests/attacks -m "not slow" -rs

.PHONY: lint
lint: setup ## ruff, mypy, import-linter, hadolint and actionlint
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/mypy --config-file src/localstack_plugin/pyproject.toml
	@env PYTHONPATH=src .venv/bin/lint-imports --no-cache
	@bash -c '.venv/bin/hadolint docker/*/Dockerfile'
	@bash -c '.venv/bin/actionlint .github/workflows/*.yml'

.PHONY: format
format: .venv/.installed
	@.venv/bin/ruff check --fix
	@.venv/bin/ruff format

.PHONY: docs
docs: setup
	@$(PYTHON) -m sagemaker_emulator.operations_page > docs/operations.md
	@$(PYTHON) -m scones.settings.page > docs/settings.md
	@$(PYTHON) -m localstack_plugin.replacements_page docs/localstack.md
	@$(PYTHON) -m display.state_machines.pictures local_stepfunctions docs/pictures
	@$(PYTHON) ci/workflow_picture.py .github/workflows/deploy.yml docs/pictures/deploy.svg
	@$(PYTHON) -m jupytext --quiet --update --to ipynb notebooks/scones_unlimited.py

.PHONY: screenshots
screenshots: setup # the pictures in docs/console.md, of the console that is open (CONSOLE=its address)
	@$(PYTHON) ci/console_pictures.py $(or $(CONSOLE),http://127.0.0.1:4580) docs/pictures

NOT_BENCHMARKS := $(addprefix benchmarks/,accuracy.py aims.py console_pages.py drift.py drift_shifts.py opt_ml.py)
BENCHMARKS = $(filter-out $(NOT_BENCHMARKS),$(wildcard benchmarks/*.py))
.PHONY: bench
bench: setup sdk2 sdk3 .venv-ministack/.locked .venv-mxnet/.locked ## measure everything; fails when an aim is missed
	@missed=; \
	for benchmark in $(BENCHMARKS); do \
	  echo "== $$benchmark"; $(SCONES) exec --start -- $(PYTHON) $$benchmark || missed="$$missed $$benchmark"; \
	done; \
	test -z "$$missed" || { echo "bench: these failed or missed an aim:$$missed" >&2; exit 1; }

.PHONY: bench-accuracy
bench-accuracy: setup ## accuracy over seeds and re-splits (ten minutes)
	@DATASET=$(or $(DATASET),data/sample.tar.gz) $(PYTHON) benchmarks/accuracy.py

.PHONY: bench-console
bench-console: setup # start, idle cost, pages and memory of the console over ten minutes (MINUTES=10)
	@$(SCONES) exec --start -- $(PYTHON) benchmarks/console_pages.py

.PHONY: bench-drift
bench-drift: setup # what the monitor sees, and its false alarms, over five splits (RUNS=1)
	@DATASET=$(or $(DATASET),data/sample.tar.gz) OMP_NUM_THREADS=1 PYTHONPATH=data $(PYTHON) benchmarks/drift.py

.PHONY: mutants
mutants: setup ## change the pure core; unit tests must notice 85 % (MODULE=name)
	@$(PYTHON) ci/mutants.py $(MODULE)

.PHONY: fuzz
fuzz: setup ## send random bytes to the readers and the server, FUZZ_S seconds each (600)
	@set -e; for program in $(filter-out fuzz/harness.py,$(wildcard fuzz/*.py)); do echo "== $$program"; $(PYTHON) $$program; done

LOCK_FILES := requirements.lock src/scones_unlimited/requirements.lock src/localstack_plugin/requirements.lock src/localstack_plugin/lambda_executor/requirements.lock tests/sdk_v2/requirements.lock tests/sdk_v3/requirements.lock benchmarks/ministack/requirements.lock benchmarks/mxnet/requirements.lock ci/audit/requirements.lock
.PHONY: audit
audit: .venv-audit/.locked ## look up known vulnerabilities of locked packages (REQUIRED=1: or fail)
	@mkdir -p .scones && printf 'torch==$(TORCH_VERSION)\nuv==$(UV_VERSION)\n' > .scones/makefile.lock
	@.venv-audit/bin/python ci/audit/audit.py $(if $(REQUIRED),--required) $(LOCK_FILES) .scones/makefile.lock

COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --no-header
# torch has its own index; the CUDA packages that its release on PyPI asks for are left out in pyproject.toml
WITHOUT_TORCH := $(addprefix --no-emit-package ,torch cuda-bindings cuda-pathfinder cuda-toolkit)
.PHONY: lock
lock: .venv/.uv-$(UV_VERSION)
	$(COMPILE) $(WITHOUT_TORCH) --extra kit --extra dev pyproject.toml -o requirements.lock
	$(COMPILE) $(WITHOUT_TORCH) --extra kit --constraint requirements.lock pyproject.toml -o src/scones_unlimited/requirements.lock
	$(COMPILE) src/localstack_plugin/requirements.in -o src/localstack_plugin/requirements.lock
	$(COMPILE) src/localstack_plugin/lambda_executor/requirements.in -o src/localstack_plugin/lambda_executor/requirements.lock
	$(COMPILE) tests/sdk_v2/requirements.in -o tests/sdk_v2/requirements.lock
	$(COMPILE) tests/sdk_v3/requirements.in -o tests/sdk_v3/requirements.lock
	$(COMPILE) benchmarks/ministack/requirements.in -o benchmarks/ministack/requirements.lock
	$(COMPILE) benchmarks/mxnet/requirements.in -o benchmarks/mxnet/requirements.lock
	$(COMPILE) ci/audit/requirements.in -o ci/audit/requirements.lock

.PHONY: clean
clean:
	@if [ -x $(SCONES) ]; then $(SCONES) down; fi
	rm -rf dist .venv .venv-localstack .venv-lambda .venv-audit .venv-ministack .venv-mxnet .venv-sdk2 .venv-sdk3 .scones out

# ---- set-up: each environment has a stamp file, which make compares with the environment's lock file ----

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

LOCK_OF_audit := ci/audit/requirements.lock
LOCK_OF_lambda := src/localstack_plugin/lambda_executor/requirements.lock
LOCK_OF_localstack := src/localstack_plugin/requirements.lock
LOCK_OF_ministack := benchmarks/ministack/requirements.lock
LOCK_OF_mxnet := benchmarks/mxnet/requirements.lock
LOCK_OF_sdk2 := tests/sdk_v2/requirements.lock
LOCK_OF_sdk3 := tests/sdk_v3/requirements.lock
# functions cannot write there: without bytecode, every cold start would compile what it imports
INSTALL_lambda := --compile-bytecode
# as pip does, which people use
INSTALL_sdk2 := --compile-bytecode
INSTALL_sdk3 := --compile-bytecode

.SECONDEXPANSION:
.venv-%/.locked: .venv/.uv-$(UV_VERSION) $$(LOCK_OF_$$*)
	@echo "set-up: .venv-$*" >&2
	@test -x .venv-$*/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-$*
	@$(UV) pip install --quiet $(INSTALL_$*) --python .venv-$*/bin/python -r $(LOCK_OF_$*)
	@touch $@

.venv-localstack/.installed: .venv-localstack/.locked src/localstack_plugin/pyproject.toml src/safety/pyproject.toml
	@echo "set-up: the plugin of LocalStack" >&2
	@# a separate step: LocalStack brings an extension of setuptools that breaks editable installs
	@$(UV) pip install --quiet --python .venv-localstack/bin/python --no-deps -e ./src/safety -e ./src/localstack_plugin
	@.venv-localstack/bin/python -P -m localstack_plugin.gateway.spared_work.service_index
	@touch $@
