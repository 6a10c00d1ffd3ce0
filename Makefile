# The development commands; `make` alone lists them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
LOCK := uv pip compile pyproject.toml --quiet --generate-hashes --universal --python-version 3.11 --no-header

.DEFAULT_GOAL := help
.PHONY: help up test test-long test-companions companions check fix docs bench lock lock-kafka kafka-configs clean

help: ## List these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

up: $(VENV)/.run ## Install what is needed, run the platform here, send an event through every topic
	@$(BIN)/ottla up --verify

test: $(VENV)/.dev ## Install what is needed and pass the tests (real Kafka, on this machine)
	@$(BIN)/pytest

test-long: $(VENV)/.dev ## The long tests: bad days, restarts, an upgrade under load (about 20 minutes more)
	@$(BIN)/pytest -m long

test-companions: $(VENV)/.dev ## Programs that are not ours: apt-get installs kcat, Prometheus ...; Go 1.26 builds Jaeger, Kubernetes' API server, helm
	@missing=; for each in kcat:kcat promtool:prometheus prometheus:prometheus amtool:prometheus-alertmanager \
		prometheus-alertmanager:prometheus-alertmanager shellcheck:shellcheck kubectl:kubernetes-client; do \
		command -v $${each%%:*} >/dev/null || missing="$$missing $${each##*:}"; done; \
		[ -z "$$missing" ] || { as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$as_root apt-get -qq update && $$as_root apt-get -qq install --yes --no-install-recommends $$missing; }
	@$(BIN)/pytest -m companions

companions: $(VENV)/.dev ## Build what test-companions would build, and nothing else (Jaeger, Kubernetes' API server, helm; kept outside the clone)
	@$(BIN)/python -m tests.companions.made_before

check: $(VENV)/.dev ## ruff, mypy strict, import-linter, size budget
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pytest -q tests/test_house.py

fix: $(VENV)/.dev ## Format, and mend what ruff can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(VENV)/.dev ## Write the generated part of the documentation anew
	@$(BIN)/python scripts/reference.py

bench: $(VENV)/.dev ## Run the benchmarks; nothing else should run beside them
	@for bench in benchmarks/*.py; do echo "== $$bench"; $(BIN)/python -W ignore $$bench || exit 1; done

lock: $(VENV)/.dev ## Resolve the Python dependencies anew and write their hashed constraints
	@$(BIN)/$(LOCK) --group build --extra dashboards --output-file constraints.txt
	@$(BIN)/$(LOCK) --group dev --output-file constraints-dev.txt

lock-kafka: $(VENV)/.dev ## Resolve the jars of each Kafka version, the JMX agent and the JSON layout anew and write their locks
	@$(BIN)/python scripts/lock_kafka.py

kafka-configs: $(VENV)/.dev ## Ask each Kafka version for its config keys and write them as data
	@$(BIN)/python scripts/kafka_configs.py

clean: ## Remove the virtual environment and caches (not .ottla: that is `ottla down --wipe`)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Ottla needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12 ...")'
	@echo "making $(VENV)" && $(PYTHON) -m venv $(VENV)

$(VENV)/.run: constraints.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing what Ottla needs into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src/ottla
	@touch $@

$(VENV)/.dev: constraints-dev.txt $(VENV)/.run | $(VENV)/bin/python
	@echo "installing what the tests need into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r constraints-dev.txt
	@touch $@
