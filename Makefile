# The same commands for a person and for CI. On Windows: make.bat has the same words.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo-county

.PHONY: help setup demo app test check docs bench browser clean

help:  ## list these commands
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 10

setup: $(VENV)/.installed  ## make the environment in .venv and install the planner in it

$(VENV)/.installed: requirements.lock pyproject.toml planner/ui/fetch.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m planner.ui.fetch
	@touch $@

demo: setup  ## run the main job on the embedded county, and say how to open the map
	$(BIN)/planner demo $(DEMO)
	@echo
	@echo "The map:  make app"

app: setup  ## open the map of the demonstration county in the browser
	@test -d $(DEMO)/out || $(BIN)/planner demo $(DEMO) --quiet
	$(BIN)/planner app $(DEMO)

test: setup browser  ## run all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: setup  ## format, lint, types, layer rule, documentation, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) docs
	$(MAKE) test

docs: setup  ## build the documentation into site/, warnings as errors
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r docs/requirements.txt -c requirements.lock
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: setup  ## print ratios against what users would otherwise pick
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python benchmarks/streets.py
	$(BIN)/python benchmarks/isochrones.py
	$(BIN)/python benchmarks/tables.py
	$(BIN)/python benchmarks/siting.py
	$(BIN)/python benchmarks/siting_scale.py points frontier

# The tests of the map drive Chromium. Where it is missing and apt may install it, it is installed;
# elsewhere those tests are skipped with a message, and in CI they fail.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; \
	else echo "No Chromium found: the tests of the map are skipped. Install the package chromium to run them."; fi

clean:  ## remove the environment and the demonstration county
	rm -rf $(VENV) $(DEMO)
