# Everything happens in .venv; nothing outside this folder is touched.
# setup: all of it   run: the editor   test: what the checks run   check: style and types
# bench: speed and memory   screenshots: docs/*.webp
# package: dist/ with the bundle and installers (docs/packaging.md)   icons: resources/icons
# package-test: the installers in a bare Debian; as root

VENV := .venv
BIN := $(VENV)/bin
# The one that is asked for, else the newest that the dependencies have builds for.
FIND = for p in $(PYTHON) python3.14 python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null && \
	echo $$p && break; done
# Without setuptools' page of warning that goes with any editable installation.
INSTALL := PYTHONWARNINGS=ignore $(BIN)/pip install --quiet
SAMPLE := resources/samples/portrait.jpg

define NO_PYTHON
Mien needs a Python from 3.11 to 3.14. To get one:
  Debian 12 and later     sudo apt-get install python3 python3-venv
  Ubuntu 24.04 and later  sudo apt-get install python3 python3-venv
  Fedora                  sudo dnf install python3.14
  macOS                   brew install python@3.14
  Windows                 winget install Python.Python.3.14
  any, with uv            uv python install 3.14 && make setup PYTHON="$$(uv python find 3.14)"
Then the same again. One that lies elsewhere is named: make setup PYTHON=/path/to/python3.14
endef
export NO_PYTHON

.PHONY: setup run test check bench screenshots package package-test icons clean

setup: $(VENV)/.developer

$(VENV)/.made:
	@python=$$($(FIND)); \
	[ -n "$$python" ] || { printf '%s\n' "$$NO_PYTHON"; exit 1; }; \
	"$$python" -m venv $(VENV) || { \
		echo "The venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

$(VENV)/.program: $(VENV)/.made pyproject.toml
	$(INSTALL) -e .
	@touch $@

# Compiled where it is imported: most of it never is, and pip compiles one file after the other.
$(VENV)/.developer: $(VENV)/.made pyproject.toml
	$(INSTALL) --no-compile -e '.[training,dev]'
	@touch $@ $(VENV)/.program

# Without a display the same job is done on the sample: a stranger sees at once that it works.
run: $(VENV)/.program
	@if [ "$$(uname)" = Darwin ] || [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		$(BIN)/python main.py $(SAMPLE); \
	else \
		echo "No display: filling the sample instead of opening the editor."; \
		$(BIN)/python main.py inpaint $(SAMPLE) --mask resources/samples/portrait-mask.png \
			-o mien-sample.png --overwrite; \
	fi

check: $(VENV)/.developer
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/pip check

test: $(VENV)/.developer
	$(BIN)/pytest -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder

bench: $(VENV)/.developer
	$(BIN)/pytest tests/benchmarks --benchmark-only --benchmark-columns=min,median,rounds

screenshots: $(VENV)/.developer
	$(BIN)/python docs/take_screenshots.py

package: $(VENV)/.developer
	$(BIN)/python resources/packaging/package.py

package-test: $(VENV)/.developer
	PYTHON=$(CURDIR)/$(BIN)/python sh resources/packaging/check/package_test.sh dist

icons: $(VENV)/.developer
	$(BIN)/python resources/packaging/icons.py

clean:
	rm -rf $(VENV) build dist mien-sample.png
