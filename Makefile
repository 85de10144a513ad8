# Everything that is done with this repository. `make help` lists it.
PYTHON ?= python3
RUN := .venv/bin/python

# Compiled once, not by each of the hundred processes that a test run starts (`make clean` removes it).
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help up advance test test-full chaos bench-pages bench-billing bench-gateway lint format smoke image css lock clean reset packages packages-dev

help: ## Show what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: packages ## Start the whole product with demo data (PORT=8000 GATEWAY_PORT=8001 LOCAL_DIR=.local STRIPE=fake)
	@$(RUN) -m config.up

BY ?= 32d
advance: packages ## Move the clock of the running product, with all that falls due on the way (BY=32d LOCAL_DIR=.local)
	@$(RUN) manage.py advance_clock $(BY)

test: packages-dev ## Run the tests, without the long sets (ARGS="tests/core -k name" for a part)
	@$(RUN) -m pytest -m "not long" $(ARGS)

test-full: packages-dev ## Run all tests, the long sets too
	@$(RUN) -m pytest $(ARGS)

chaos: packages-dev ## Kill gateway, meter, worker, Redis, Postgres under load; prove that no call is lost or doubled (ARGS="--kills 20")
	@$(RUN) -m tests.chaos $(ARGS)

bench-pages: packages-dev ## Measure the pages with millions of rows (ARGS="--only admin"; data in LOCAL_DIR/bench)
	@$(RUN) -m bench.pages $(ARGS)

bench-billing: packages-dev ## Measure a night in which all subscriptions are due (ARGS="--sizes 10000 --kills 2")
	@$(RUN) -m bench.billing $(ARGS)

bench-gateway: packages-dev ## Measure the gateway beside nginx, nginx with Lua and Fastify (ARGS="--quick"; PEERS_DIR=...)
	@$(RUN) -m bench.gateway $(ARGS)

lint: packages-dev ## Check style, types, layers, templates, migrations
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	.venv/bin/lint-imports
	$(RUN) -m djlint templates --lint --quiet
	$(RUN) -m pytest tests/architecture --quiet

format: packages-dev ## Rewrite the code in the project's style
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

smoke: ## Clone, start, call an API, stop: what a newcomer does
	@$(PYTHON) scripts/smoke.py

IMAGE ?= api-factory
image: ## Build the container image, and see that it says what it lacks (needs docker; IMAGE=api-factory)
	docker build --tag $(IMAGE) .
	@if message=$$(docker run --rm --read-only --tmpfs /tmp $(IMAGE) web 2>&1); then \
		echo "the image starts without its variables" >&2; exit 1; \
	fi; echo "$$message" | grep "DATABASE_URL must be set"

css: packages ## Build static/css/app.css
	@$(RUN) -m config.up.css

lock: ## Pin the packages anew (ARGS=--upgrade for newer ones; needs uv)
	@$(PYTHON) scripts/lock.py $(ARGS)

clean: ## Remove what was built: .venv, caches, stylesheet; data stays
	rm -rf .venv .venv.lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache static/css/app.css
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

reset: packages ## Delete the data of LOCAL_DIR: database, Redis, demo
	@$(RUN) -m config.up.reset

packages:
	@$(PYTHON) scripts/bootstrap.py runtime

packages-dev:
	@$(PYTHON) scripts/bootstrap.py dev
