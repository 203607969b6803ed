# The commands of this repository; `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# An environment that is active elsewhere must not leak in.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME
# Without bytecode every process of every test compiles all of the server again.
unexport PYTHONDONTWRITEBYTECODE
export PYTHON CHROMIUM

BIN := .venv/bin
PORT ?= 3001
JOBS ?= 2
ONLY ?=

.PHONY: help install run test quick check fix bench migration docs dist screenshots tour \
	lint types imports reference environment run-environment sdk-environment

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: run-environment ## start a development server on http://localhost:3001 (PORT=…)
	@WATCHWORD_MODE=development exec $(BIN)/watchword serve --port $(PORT)

test: lint types imports docs sdk-environment ## everything CI runs: checks, both databases, journeys, browser, the wheel
	@chromium=$$(tools/chromium) && \
		CHROMIUM="$$chromium" $(BIN)/python -m pytest --numprocesses $(JOBS) \
		--dist worksteal $(ONLY)
	@$(MAKE) --no-print-directory dist

quick: environment ## the fast tests, on SQLite only (ONLY=tests/core)
	@$(BIN)/python -m pytest --quiet --numprocesses $(JOBS) --databases sqlite \
		-m "not slow and not browser" $(ONLY)

check: ## before every commit: format, lint, types, imports, docs, quick tests
	@# Two at a time and in this order: a wrong line is told at once, and no test waits for types.
	@$(MAKE) --no-print-directory --jobs 2 lint types imports docs quick

lint: environment
	@$(BIN)/python -m ruff format --check --quiet . || \
		{ echo "Some files are not formatted: make fix" >&2; exit 1; }
	@$(BIN)/python -m ruff check --quiet .

types: environment
	@$(BIN)/python -m mypy --no-error-summary

imports: environment
	@$(BIN)/lint-imports --no-logo

fix: environment ## format, and apply safe lint fixes
	@$(BIN)/python -m ruff check --fix --quiet . ; $(BIN)/python -m ruff format --quiet .
	@$(BIN)/python tools/reference.py

docs: environment site/.made ## build the documentation into site/; warnings are errors

# Folders are among them: a page that is gone changes its folder. `docs` alone is the target above.
site/.made: mkdocs.yml requirements/dev.txt $(shell find docs/.) | environment
	@# Not --quiet: that hides warnings from --strict.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@touch $@

bench: environment ## whole sign-ins per second and what each costs, on both databases (ARGS=--help)
	@$(BIN)/python -m bench $(ARGS)

migration: environment ## draft a migration from the schema: make migration name="add a table"
	@test -n "$(name)" || { echo 'Say what changes: make migration name="add a table"' >&2; exit 2; }
	@$(BIN)/python -m watchword.storage.draft_migration $(name)

dist: environment ## build the wheel with its inventory (SBOM), and see it do the first story in a clean environment
	@tools/dist

screenshots: environment ## every page and state in every look, and the browser tests' pictures, into tests/browser/output/
	@chromium=$$(tools/chromium) && CHROMIUM="$$chromium" $(BIN)/python -m pytest \
		--numprocesses $(JOBS) --databases sqlite -m browser -k "not tour" \
		--override-ini 'python_files=test_*.py pictures*.py' $(or $(ONLY),tests/browser)

tour: environment ## the pictures of the console in docs/, after a page changed its looks
	@chromium=$$(tools/chromium) && CHROMIUM="$$chromium" $(BIN)/python -m pytest \
		--databases sqlite tests/browser/pictures.py -k tour

install: environment ## the environment for development, in .venv

environment:
	@tools/environment dev

run-environment:
	@tools/environment run

sdk-environment:
	@tools/environment sdk
