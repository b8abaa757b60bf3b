# `make` or `make help` lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
SAMPLE := data/sample
SAMPLE_START := 2022-01
SAMPLE_END := 2023-12

# Settable: make elt FROM=DIR START=2020-01 END=2020-12
FROM ?=
START ?=
END ?=
WINDOW = $(if $(START),--start $(START)) $(if $(END),--end $(END))
HAS_KEY := $(or $(NYT_API_KEY),$(shell grep -s '^ *\(export  *\)\{0,1\}NYT_API_KEY=.' .env))

# dbt does not read .env: it gets libpq's variables from the warehouse's own command.
DBT = eval "$$($(BIN)/warehouse env)" && $(BIN)/dbt --quiet

.PHONY: help install run elt update cron growth test lint bench lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.installed ## Create .venv with the pinned packages

run: elt growth ## Do it all: set up, load (as elt does; without folder or key a generated sample), build, fit, print

# A bad month exits with 1: the others are loaded, so the tables are built before make says so.
BUILD = code=$$?; test $$code -le 1 || exit $$code; \
	echo "Building and testing the tables: dbt build"; $(DBT) build && exit $$code

elt: .venv/.installed ## Load months (FROM=DIR, or the API's with NYT_API_KEY; START=2020-01 END=2020-12), build the marts
ifneq ($(FROM),)
	@$(BIN)/extract load --from "$(FROM)" $(WINDOW); $(BUILD)
else ifneq ($(HAS_KEY),)
	@$(BIN)/extract run $(WINDOW); $(BUILD)
else
	@$(BIN)/extract sample $(SAMPLE) --start $(SAMPLE_START) --end $(SAMPLE_END)
	@$(BIN)/extract load --from $(SAMPLE) $(WINDOW); $(BUILD)
endif

update: .venv/.installed ## Bring the last three months up to date from the API, build, fit (what cron runs)
	@$(BIN)/extract run $(WINDOW); $(BUILD)
	@$(MAKE) --no-print-directory growth

cron: ## Print a crontab line that runs `make update` every day
	@echo '17 6 * * * cd "$(CURDIR)" && mkdir -p data && flock -n -E 75 data/.cron.lock "$(shell command -v $(MAKE))" update > data/cron.log 2>&1 || { tail -n 20 data/cron.log; exit 1; }'

growth: .venv/.installed ## Fit the loaded months (or START=2020-01 END=2020-06) and print the lists
	@$(BIN)/growth fit $(WINDOW)
	@echo "Testing what was fitted: dbt build --select source:growth+"
	@$(DBT) build --select source:growth+
	@echo; $(BIN)/growth top --direction growing $(WINDOW)
	@echo; $(BIN)/growth top --direction shrinking $(WINDOW)
	@echo; $(BIN)/growth top --direction popular $(WINDOW)

test: .venv/.installed-dev ## Run the tests, on a Postgres server of their own
	$(BIN)/python -m pytest

lint: .venv/.installed-dev ## Check the code: ruff, mypy, sqlfluff, dbt, dbt-bouncer
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/dbt --quiet --warn-error parse --no-partial-parse
	$(BIN)/sqlfluff lint --nofail models data-tests macros
	$(BIN)/dbt-bouncer

bench: .venv/.installed-dev ## Measure load and fit against named peers, in one run
	$(BIN)/python -m benchmarks

lock: .venv/.installed-dev ## Renew the lock files from pyproject.toml
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make lock" --extra build -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make lock" --extra build --extra dev --extra bench -c requirements.lock -o requirements-dev.lock pyproject.toml

clean: ## Delete the embedded warehouse, the sample, dbt's files and .venv
	@test ! -x $(BIN)/warehouse || PGHOST= $(BIN)/warehouse remove --yes
	rm -rf $(SAMPLE) target logs .venv *.egg-info .pytest_cache .mypy_cache .ruff_cache

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.12 ..." >&2; exit 2; }
	@echo "Installing the pinned packages into .venv (once, a minute or two)" >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.lock
	@echo "Installing the pinned packages for tests, lint and benchmarks (once)" >&2
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@
