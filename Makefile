# Every target sets up what it needs: a bare machine with make and Python 3.11 will do.

PYTHON ?= python3
ARGS ?=
NAME ?= walk
DATA ?=
HOURS ?= 40000
SEED ?=

.DEFAULT_GOAL := help
.PHONY: help demo check test test-real soak bench docs clean

BIN := .venv/bin
NOW := date +%s
DEVELOP := '.[test,lint]'
COMPILED := '.[test,lint,fast,lan]'
MEASURE := '.[test,fast,bench]'

# $(call run,COMMANDS) runs them and says how long they took; set-up is timed apart.
run = @start=$$($(NOW)); { $(1); }; code=$$?; \
	echo "$@: $$(( $$($(NOW)) - start )) s" >&2; exit $$code

help:
	@echo "make demo [ARGS=--once]    three cities on this machine, design to receipt"
	@echo "make check                 format, lint, types, architecture, house rules"
	@echo "make test                  every test that needs nothing but this machine"
	@echo "make test-real             tests against real tools, such as a fresh install"
	@echo "make soak HOURS=40000      so many simulated node-hours of every weather; goes on"
	@echo "                           where it stopped. SEED=7 lives through one again"
	@echo "make bench NAME=walk       one benchmark, as JSON lines"
	@echo "make docs                  check that the pages tell the truth"
	@echo "make clean                 remove what the others made"

demo: .venv/.ready-run
	$(call run,$(BIN)/fabnet demo $(ARGS))

check: .venv/.ready-test
	$(call run,$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy \
	&& $(BIN)/lint-imports && $(BIN)/pytest -q tests/house)

test: .venv/.ready-test
	$(call run,$(BIN)/pytest -q -m 'not real' -n auto --dist loadfile $(ARGS))

# Compiled loops are a part of what is real: `make test` runs their numpy twins.
test-real: .venv/.ready-fast
	$(call run,$(BIN)/pytest -q -m real -n auto --dist loadfile $(ARGS) \
	&& $(BIN)/pytest -q -m 'not real' -n auto --dist loadfile tests/scheduling)

soak: .venv/.ready-test
	$(call run,$(BIN)/python -m tests.sim.soak \
	$(if $(SEED),--seed $(SEED),--hours $(HOURS)) $(ARGS))

bench: .venv/.ready-bench
	$(call run,$(BIN)/python -m benchmarks.$(NAME) $(if $(DATA),--data $(DATA)) $(ARGS))

docs: .venv/.ready-test
	$(call run,$(BIN)/pytest -q tests/house/test_docs.py tests/house/test_protocol_doc.py)

clean:
	rm -rf .venv .demo build dist *.egg-info .hypothesis .coverage .cache .*_cache
	find fabnet tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# ---------------------------------------------------------------- set-up

# $(call set-up,WHAT) makes the environment if there is none, and installs WHAT in it.
define set-up
@start=$$($(NOW)); set -e; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	"fabnet needs Python 3.11 or newer; say which: make PYTHON=python3.11")'; \
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv; \
	$(BIN)/pip install --quiet --disable-pip-version-check --use-pep517 -e $(1); \
	touch .venv/.ready-run $@; \
	echo "set-up: $$(( $$($(NOW)) - start )) s" >&2
endef

.venv/.ready-run: pyproject.toml
	$(call set-up,.)

.venv/.ready-fast: pyproject.toml
	$(call set-up,$(COMPILED))

.venv/.ready-bench: pyproject.toml
	$(call set-up,$(MEASURE))

.venv/.ready-test: pyproject.toml
	$(call set-up,$(DEVELOP))
