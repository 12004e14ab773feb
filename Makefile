# Two commands are enough on a fresh machine with Python 3.11: `make demo` and `make test`.
# The first Python that every engine has wheels for; `make test PYTHON=...` takes another.
PYTHON ?= $(shell for one in python3 python3.11 python3.12; do \
  $$one -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null && echo $$one && break; done)
VENV := .venv
BIN := $(VENV)/bin
BUF := @bufbuild/buf@1.75.0
RUN_EXTRAS := water,gas,heating,drainage,server,gis
TEST_EXTRAS := $(RUN_EXTRAS),postgres

.DEFAULT_GOAL := help
.PHONY: help demo test lint proto bench campaign clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.venv-made:
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or 3.12 is needed: make demo PYTHON=/path/to/python3.11' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

# Installed again only when what is to be installed has changed.
$(VENV)/.installed: $(VENV)/.venv-made pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(RUN_EXTRAS)]'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(TEST_EXTRAS)]' --group dev --group proto
	@touch $@

# buf, where there is npm: the linter of the protos, and the gRPC client of the documentation's examples.
$(VENV)/.buf: $(VENV)/.venv-made
	@if command -v npm >/dev/null 2>&1; then \
	  npm install --silent --no-audit --no-fund --no-save --no-package-lock --prefix $(VENV)/buf $(BUF) \
	    && ln -sf ../buf/node_modules/.bin/buf $(BIN)/buf && touch $@ \
	    || echo 'npm could not install buf: buf lints no protos here'; \
	else echo 'npm is missing: buf lints no protos here'; fi

demo: $(VENV)/.installed  ## install, calculate the four networks of the demonstration town, write a report
	$(BIN)/citymains demo --out demo-report

test: $(VENV)/.installed-test $(VENV)/.buf  ## install and run the tests
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest -m 'not campaign' $(TESTS)

lint: $(VENV)/.installed-test $(VENV)/.buf  ## style, types, import rules, protos, drift of generated stubs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python proto/generate.py --check
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python proto/generate.py --lint

proto: $(VENV)/.installed-test  ## generate the stubs from proto/
	$(BIN)/python proto/generate.py

bench: $(VENV)/.installed-test  ## measure against what a user would pick instead; prints ratios
	$(BIN)/python -m benchmarks

campaign: $(VENV)/.installed-test  ## long fuzz, soak and kill campaigns
	$(BIN)/pytest -m campaign --timeout=0 $(TESTS)

clean:  ## remove what was installed and built
	rm -rf $(VENV) build dist demo-report .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
