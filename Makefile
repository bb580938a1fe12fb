# Everything from nothing, on Debian or Ubuntu with Python 3.11+, make and git.
# PYTHON=/path/to/python3.12 picks the interpreter of .venv.

.DEFAULT_GOAL := help
.PHONY: help up test check bench lock slurm-up slurm-down clean
export PYTHON

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 17

up: ## Start a node with the example sites and work; SLURM=1: on three Slurm clusters (as root)
	@scripts/setup.sh
	@scripts/ui.sh || echo "allod: going on without the control room; the commands and the API need none of it"
ifeq ($(SLURM),1)
	@scripts/up-on-slurm.sh
else
	@.venv/bin/allod up --example
endif

test: ## Run every check and every test
	@scripts/setup.sh dev
	@scripts/ui.sh
	@scripts/test-packages.sh
	@$(MAKE) --no-print-directory check
	@scripts/test.sh

check: ## Lint, format, types, import rules; of the control room types and its own tests
	@scripts/setup.sh dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy --strict src
	.venv/bin/lint-imports
	scripts/ui.sh types --check
	scripts/ui.sh npm run --silent check
	scripts/ui.sh npm test --silent

bench: ## Measure, beside what others reach
	@scripts/setup.sh
	@scripts/ui.sh
	.venv/bin/python -m bench

lock: ## Pin the packages anew: requirements*.lock, ui/package-lock.json
	@scripts/setup.sh
	@scripts/lock.sh

slurm-up: ## Start two Slurm clusters on this machine, to try things on (as root)
	@scripts/setup.sh
	@.venv/bin/python -m tests.slurm up

slurm-down: ## End them, with all their jobs
	@scripts/setup.sh
	@.venv/bin/python -m tests.slurm down

clean: ## End the node, its clusters and its work here, and remove .venv, .engines, ui/node_modules, caches and .allod with all its data
	@scripts/clean.sh
