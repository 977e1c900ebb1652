.DEFAULT_GOAL := help
SHELL := /bin/sh
UV := .venvs/uv/bin/uv
DEV := .venvs/dev/bin
LOCAL := .venvs/run/.ready .venvs/runtime/.ready .venvs/emulator/.ready .venvs/sam/.ready
MOTHER = $(shell sh scripts/python)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

# --- on this machine --------------------------------------------------------------------------

run: $(LOCAL) ## run the whole stack here, with a demo account; Ctrl-C ends it
	@.venvs/run/bin/python -m local run

up: $(LOCAL) ## the same in the background
	@.venvs/run/bin/python -m local up

down: $(LOCAL) ## end what `make up` started
	@.venvs/run/bin/python -m local down

demo: $(LOCAL) ## play the tutorial against the running stack
	@.venvs/run/bin/python -m local demo

status: $(LOCAL) ## say whether the stack runs, and where
	@.venvs/run/bin/python -m local status

reset: $(LOCAL) ## clear the stack's data
	@.venvs/run/bin/python -m local reset

# --- checks -----------------------------------------------------------------------------------

check: .venvs/dev/.ready .venvs/scan/.ready .venvs/sam/.ready ## format, lint, types, imports, template, security, requirements
	@$(DEV)/ruff format --check --quiet .
	@$(DEV)/ruff check --quiet .
	@$(DEV)/mypy --no-error-summary
	@$(DEV)/lint-imports --no-logo > .venvs/imports.log || { cat .venvs/imports.log; exit 1; }
	@.venvs/scan/bin/cfn-lint --append-rules cfn_lint_serverless.rules -- template.yaml
	@SAM_CLI_TELEMETRY=0 .venvs/sam/bin/sam validate --lint --region us-east-1 > .venvs/validate.log 2>&1 || { cat .venvs/validate.log; exit 1; }
	@.venvs/scan/bin/checkov --config-file .checkov.yaml --file template.yaml
	@.venvs/scan/bin/bandit --quiet --recursive --severity-level medium layers functions cli
	@sh scripts/compile-requirements --check
	@echo checked

test: $(LOCAL) .venvs/dev/.ready .venvs/interop/.ready ## run every test, on the oldest Python found too
	@sh scripts/test-oldest
	@$(DEV)/python -m pytest --numprocesses 2 --dist loadgroup --quiet $(PYTEST)

bench: $(LOCAL) .venvs/dev/.ready ## measure; each figure beside what it is measured against
	@$(DEV)/python -m bench

cost: .venvs/dev/.ready ## dollars per million events
	@$(DEV)/python -m bench.cost

soak: .venvs/dev/.ready ## the long seeded runs of faults and properties
	@$(DEV)/python -m pytest -m soak

format: .venvs/dev/.ready ## format the code
	@$(DEV)/ruff format --quiet .
	@$(DEV)/ruff check --fix --quiet .

requirements: .venvs/uv/.ready ## write the requirements files from pyproject.toml
	@sh scripts/compile-requirements

# --- in AWS -----------------------------------------------------------------------------------

# The layer's wheels are those of the runtime; its bytecode needs an interpreter of the same version.
AWS_PYTHON = $(shell sh scripts/python all | while read -r python; do "$$python" -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 13))' && echo "$$python" && break; done)

build: .venvs/uv/.ready .venvs/sam/.ready ## build the functions and the layer for AWS
	@[ "$(AWS_PYTHON)" ] || echo "No Python 3.13 here: the build holds no bytecode, and starts take twice as long." >&2
	@SIGNALBOX_UV="$(CURDIR)/$(UV)" SIGNALBOX_PYTHON="$(AWS_PYTHON)" SAM_CLI_TELEMETRY=0 .venvs/sam/bin/sam build

deploy: build ## deploy to the AWS account of your credentials; then: signalbox init
	@.venvs/sam/bin/sam deploy

# --- environments: each holds exactly one requirements file -----------------------------------

.venvs/uv/.ready: requirements/uv.txt scripts/python
	@"$$(sh scripts/python)" -m venv --clear .venvs/uv
	@.venvs/uv/bin/python -m pip install --quiet --require-hashes --requirement requirements/uv.txt
	@touch $@

.venvs/%/.ready: requirements/%.txt .venvs/uv/.ready
	@$(UV) venv --quiet --clear --python "$(MOTHER)" .venvs/$*
	@$(UV) pip sync --quiet --require-hashes --python .venvs/$*/bin/python requirements/$*.txt
	@case $* in dev|run) $(UV) pip install --quiet --no-deps --python .venvs/$*/bin/python --editable . ;; esac
	@touch $@

.PHONY: help run up down demo status reset check test bench cost soak format requirements build deploy
.PRECIOUS: .venvs/%/.ready
