# Every target sets up .venv by itself; a second run reinstalls nothing.
# Another Python: make PYTHON=python3.12 ...

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadscope
# Tests start many processes; only the first one compiles auxseg then.
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup demo test slow check lint site package format lock clean

setup: $(INSTALLED)

$(INSTALLED): requirements.lock requirements-uv.lock pyproject.toml scripts/setup scripts/uv
	@PYTHON="$(PYTHON)" scripts/setup $@

demo: $(INSTALLED)
	@scripts/demo

test: $(INSTALLED)
	$(PYTEST)

slow: $(INSTALLED)
	$(PYTEST) -m slow

check: lint site
	$(PYTEST)
	$(BIN)/python scripts/package.py

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright
	$(BIN)/lint-imports

# The documentation as pages in site/; a wrong link or anchor is an error.
site: $(INSTALLED)
	$(BIN)/python -m scripts.site

# The sdist and the wheel in dist/, tried where nothing else is installed.
package: $(INSTALLED)
	$(BIN)/python scripts/package.py

format: $(INSTALLED)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock:
	@PYTHON="$(PYTHON)" scripts/lock

clean:
	rm -rf .venv build dist site .cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
