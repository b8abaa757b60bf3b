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

# dbt does not read .env: `warehouse env` gives it libpq's variables. DBT_PROFILES_DIR and DBT_TARGET
# are overruled. dbt's unit tests test the models' SQL and not what is loaded, so they are left out: a
# `dbt build` typed alone runs them too.
DBT_BUILD = eval "$$($(BIN)/warehouse env)" && $(BIN)/dbt --quiet build --exclude-resource-type unit_test --profiles-dir . --target warehouse

.PHONY: help install install-prefect flow-elt flow-growth run elt update cron growth report backup restore test test-fast test-nightly lint columns bench calibrate lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.installed ## Create .venv with the pinned packages

run: elt growth report ## Do it all: install, load (as elt does; without folder or key a generated sample), build, fit, report

# Exit code 1: some months failed, the others are loaded. The tables are built before make exits with 1.
BUILD = code=$$?; test $$code -le 1 || exit $$code; \
	echo "Building and testing the tables: dbt build"; $(DBT_BUILD) && exit $$code

elt: .venv/.installed ## Load months (FROM=DIR, or the API's with NYT_API_KEY; START=2020-01 END=2020-12), build the marts
ifneq ($(FROM),)
	@$(BIN)/extract load --from "$(FROM)" $(WINDOW); $(BUILD)
else
	@$(BIN)/python -m extract.has_key; code=$$?; \
	case $$code in \
	0) $(BIN)/extract run $(WINDOW) ;; \
	1) $(BIN)/extract sample $(SAMPLE) --start $(SAMPLE_START) --end $(SAMPLE_END) \
	  && $(BIN)/extract load --from $(SAMPLE) $(WINDOW) ;; \
	*) exit $$code ;; \
	esac; $(BUILD)
endif

# Fits the stored windows again whose articles have changed, or that an older version fitted.
REFIT = $(BIN)/growth fit --all

GROWTH = $(MAKE) --no-print-directory growth

# Here too, where months failed the others are built and fitted before make exits with 1.
update: .venv/.installed ## Bring the last three months up to date from the API, build, fit (what cron runs)
	@test -t 1 || export DBT_USE_COLORS=false; \
	$(BIN)/extract run $(WINDOW); code=$$?; test $$code -le 1 || exit $$code; \
	echo "Building and testing the tables: dbt build"; $(DBT_BUILD) && $(GROWTH) && $(REFIT) && exit $$code

# In a crontab a bare % ends the line. With -o the server, which outlives the run, does not keep its lock.
cron: ## Print a crontab line that runs `make update` every day
	@here=$$(pwd -P); make=$$(command -v "$(MAKE)"); flock=$$(command -v flock) \
	  || { echo "make cron: flock is missing, which keeps two runs apart: install it (Debian: util-linux)" >&2; exit 2; }; \
	if printf '%s\n' "$$here" | grep -q "['\\\\]" || test "$$(printf '%s\n' "$$here" | wc -l)" -ne 1; then \
	  printf 'make cron: a crontab line cannot hold the quote, backslash or line break in %s: move the project\n' "$$here" >&2; exit 2; fi; \
	grep -qs '^ *\(export  *\)\{0,1\}NYT_API_KEY\(_FILE\)\{0,1\}=.' .env \
	  || echo "make cron: cron does not see your shell's variables: put NYT_API_KEY into .env, and others you set" >&2; \
	printf "17 6 * * * cd '%s' && mkdir -p data && { %s -n -o -E 75 data/.cron.lock sh -c '{ date; %s update; } >data/cron.log 2>&1' || { code=\$$?; %s -s cron-mail CODE=\$$code; exit \$$code; }; }\n" \
	  "$$here" "$$flock" "$$make" "$$make" | sed 's/%/\\%/g'

.PHONY: cron-mail
cron-mail:
	@cat data/cron.log 2>/dev/null | awk -v code="$(CODE)" -v log_file="$$(pwd -P)/data/cron.log" -f config/cron-mail.awk

growth: .venv/.installed ## Fit the loaded months (or START=2020-01 END=2020-06) and print the lists
	@$(BIN)/growth fit $(WINDOW)
	@echo "Testing what was fitted: dbt build --select source:growth+"
	@$(DBT_BUILD) --select source:growth+
	@echo; $(BIN)/growth top --direction growing $(WINDOW)
	@echo; $(BIN)/growth top --direction shrinking $(WINDOW)
	@echo; $(BIN)/growth top --direction popular $(WINDOW)

report: .venv/.installed ## Write the fitted lists and topics as one page, report.html (or OUT=FILE; START, END)
	@echo; $(BIN)/growth report --out "$(or $(OUT),report.html)" $(WINDOW)

backup: .venv/.installed ## Write the warehouse into a dated file in data/backups (or TO=DIR), keep the newest 7 (or KEEP=N)
	@$(BIN)/warehouse backup $(if $(TO),--to "$(TO)") $(if $(KEEP),--keep "$(KEEP)")

restore: .venv/.installed ## Replace what the warehouse holds by a backup's content (FILE=...); asks first
	@test -n "$(FILE)" || { echo "make restore FILE=data/backups/news-....dump: FILE is missing" >&2; exit 2; }
	@$(BIN)/warehouse restore -- "$(FILE)"

# Prefect's server is that of `make up`, unless PREFECT_API_URL names another.
PREFECT = PREFECT_API_URL="$${PREFECT_API_URL:-http://127.0.0.1:4200/api}" $(BIN)/prefect

install-prefect: .venv/.installed-prefect ## Install Prefect into .venv, to deploy the flows and run a worker

flow-elt: .venv/.installed-prefect ## Let Prefect load and build now (YEAR=2024 MONTH=10; SOURCE=sample), and watch
	@$(PREFECT) deployment run elt/monthly --watch \
	  $(if $(YEAR),-p year=$(YEAR)) $(if $(MONTH),-p month=$(MONTH)) $(if $(SOURCE),-p source="$(SOURCE)")

flow-growth: .venv/.installed-prefect ## Let Prefect fit now (AS_AT=2024-10 HORIZON=6, or START=... END=...), and watch
	@$(PREFECT) deployment run growth-fit/monthly --watch $(if $(AS_AT),-p as_at=$(AS_AT)) \
	  $(if $(HORIZON),-p horizon_months=$(HORIZON)) $(if $(START),-p start=$(START)) $(if $(END),-p end=$(END))

test: .venv/.installed-dev ## Run all but the nightly tests, on a Postgres server of their own (six to nine minutes)
	$(BIN)/python -m pytest -m "not nightly"

test-fast: .venv/.installed-dev ## Run the fast tests, which need no dbt (a minute and a half)
	$(BIN)/python -m pytest -m fast

test-nightly: .venv/.installed-dev ## Run the nightly tests, slow and rarely broken (eight minutes)
	$(BIN)/python -m pytest -m nightly

lint: .venv/.installed-dev ## Check the code: ruff, mypy, sqlfluff, dbt, dbt-bouncer
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/dbt --quiet --warn-error parse --no-partial-parse
	$(BIN)/sqlfluff lint models data-tests macros
	$(BIN)/dbt-bouncer

columns: .venv/.installed-dev ## Write the SQL, YAML and docs that repeat growth/stored/columns.py
	$(BIN)/python -m growth.generate

bench: .venv/.installed-dev ## Measure how fast load and fit are, beside other tools
	$(BIN)/python -m benchmarks

bench-archive: .venv/.installed-dev ## Measure 10 to 1,000 synthetic months, 70 real ones and new ones (ten minutes)
	$(BIN)/python -m benchmarks archive

bench-years: .venv/.installed-dev ## Measure the fit of 25 synthetic years (OTHER=DIR/.venv/bin/growth: and another version)
	OTHER="$(OTHER)" $(BIN)/python -m benchmarks years

calibrate: .venv/.installed-dev ## Simulate how often the fit is wrong, for docs/calibration.md
	$(BIN)/python -m benchmarks.calibration >.venv/calibration.md
	mv .venv/calibration.md docs/calibration.md

# The lock file with all extras comes first; the smaller ones take its versions.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock" --extra build pyproject.toml

lock: .venv/.installed-dev ## Renew the lock files from pyproject.toml
	$(BIN)/pip install --quiet uv
	$(COMPILE) --upgrade --extra dev --extra bench --extra export --extra prefect -o requirements-dev.lock
	$(COMPILE) --upgrade --extra prefect -c requirements-dev.lock -o requirements-prefect.lock
	$(COMPILE) --upgrade -c requirements-dev.lock -o requirements.lock

.PHONY: secrets up down logs test-docker

secrets: ## Write the containers' passwords into secrets/; files that are there stay
	@sh config/make-secrets.sh

up: secrets ## Start Postgres, Prefect and its worker in containers, and deploy both flows
	@config/stack.sh up

down: ## Stop the containers; their volumes stay
	@config/stack.sh down

logs: ## Show the last lines of all containers' logs
	@config/stack.sh logs

test-docker: .venv/.installed-dev ## Test the image and the containers, on the engine of DOCKER_HOST (five to ten minutes)
	$(BIN)/python -m pytest tests/docker -s --numprocesses 0

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

.venv/.installed-prefect: .venv/.installed requirements-prefect.lock
	@echo "Installing the pinned packages for Prefect (once)" >&2
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements-prefect.lock
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.lock
	@echo "Installing the pinned packages for tests, lint and benchmarks (once)" >&2
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@
