# The two commands of the README: `make hello` and `make test`. Each makes its own environment first.
PYTHON ?= python3
VENV ?= .venv
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# uv takes seconds where pip takes minutes, and looks where pip is told to look; where there is no uv, pip installs.
UV = $(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python -c constraints.txt
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
install = { $(PIP) uv && $(UV) $(1); } || $(PIP) $(1)
export PYTHONDONTWRITEBYTECODE = # or each of a hundred small processes would compile the package anew

.PHONY: hello lesson notebook test test-long lint quick docs bench fuzz release clean

hello: $(VENV)/.installed
	$(VENV)/bin/exmachina hello

lesson: $(VENV)/.installed
	$(VENV)/bin/exmachina lesson

# The notebook run from top to bottom, and kept with its outputs.
notebook: $(VENV)/.installed-dev
	$(VENV)/bin/python notebooks/run.py

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict
	@echo "The docs are in site/, the lesson among them: open site/index.html, or serve the folder."

bench: $(VENV)/.installed
	$(VENV)/bin/exmachina benchmark --quick

# Spoiled files for everything that reads files, and requests for the API, for SECONDS; findings go to tests/fuzz/corpus.
SECONDS ?= 300
fuzz: $(VENV)/.installed-dev
	PYTHONPATH=tests:tests/shared $(VENV)/bin/python tests/fuzz/fuzz_files.py --seconds $(SECONDS)

release: $(VENV)/.installed-dev
	$(VENV)/bin/python scripts/release

test: $(VENV)/.installed-dev
	PATH="$(abspath $(VENV))/bin:$$PATH" scripts/check

# Whole systems at work for ten processor seconds or more: every platform's wheel, ARM, sanitizers, the docs, the notebook,
# JupyterLab, a class, a page at more widths, a cluster of Ray. CI runs them too.
test-long: $(VENV)/.installed-dev
	PATH="$(abspath $(VENV))/bin:$$PATH" $(VENV)/bin/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder -m long --durations 0 \
		$$(grep -rl --include="test_*.py" "mark\.long" tests) # the other files would be read and imported for nothing

lint: $(VENV)/.installed-dev
	PATH="$(abspath $(VENV))/bin:$$PATH" scripts/lint

# What to run between two edits: lint, types, floors, and the tests that take no training and no browser.
quick: lint
	$(VENV)/bin/python -m pytest -q -m "not slow and not browser" tests/project/test_floors.py tests/test_formatting.py tests/project/test_rooms.py tests/data tests/networks tests/training/test_recipes.py tests/evaluation/statistics tests/evaluation/calibration tests/runs/test_onnx_file.py tests/images/test_archive.py

ENGINE = engine/build.py $(wildcard engine/*.[ch])

$(VENV)/.installed: pyproject.toml constraints.txt $(ENGINE)
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing, and compiling the engine (a minute at most, once)"
	@$(call install,-e .)
	@# Where nothing native could be compiled, wasmtime runs the engine's WebAssembly.
	@$(VENV)/bin/python -c "import exmachina.engine; exmachina.engine.library()" || { $(call install,-e ".[wasm]"); }
	@touch $@

# All at once, not after the package alone: each call compiles the engine and asks for every dependency anew.
$(VENV)/.installed-dev: pyproject.toml constraints.txt $(ENGINE)
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -c 'import sys; sys.exit("The tools of the tests need Python 3.11.5 or later: make PYTHON=… test." if sys.version_info < (3, 11, 5) else 0)'
	@echo "Installing with the tests' tools, and compiling the engine (a minute or so, once)"
	@$(call install,-e ".[dev]")
	@touch $(VENV)/.installed $@

$(VENV)/.installed-docs: $(VENV)/.installed
	@$(call install,-e ".[docs]")
	@touch $@

clean:
	rm -rf $(VENV) build dist site src/*.egg-info .pytest_cache .mypy_cache .ruff_cache
