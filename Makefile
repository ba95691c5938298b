# The two commands of the README: `make hello` and `make test`. Each makes its own environment first.
PYTHON ?= python3
VENV ?= .venv
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: hello lesson notebook test docs bench release clean

hello: $(VENV)/.installed
	$(VENV)/bin/exmachina hello

lesson: $(VENV)/.installed
	$(VENV)/bin/exmachina lesson

notebook: $(VENV)/.installed-notebook
	$(VENV)/bin/jupyter lab notebooks/hello_ex_machina.ipynb

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict
	@echo "The docs are in site/, the lesson among them: open site/index.html, or serve the folder."

bench: $(VENV)/.installed
	$(VENV)/bin/exmachina benchmark --quick

release: $(VENV)/.installed-dev
	$(VENV)/bin/python scripts/release

test: $(VENV)/.installed-dev
	PATH="$(abspath $(VENV))/bin:$$PATH" scripts/check

ENGINE = engine/build.py $(wildcard engine/*.[ch])

$(VENV)/.installed: pyproject.toml constraints.txt $(ENGINE)
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing, and compiling the engine (a minute at most, once)"
	$(PIP) -e .
	@# Where nothing native could be compiled, wasmtime runs the engine's WebAssembly.
	@$(VENV)/bin/python -c "import exmachina.engine; exmachina.engine.library()" || $(PIP) -e ".[wasm]"
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) -e ".[dev]"
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(PIP) -e ".[docs]"
	@touch $@

$(VENV)/.installed-notebook: $(VENV)/.installed
	$(PIP) -e ".[notebook]" jupyterlab
	@touch $@

clean:
	rm -rf $(VENV) build dist site src/*.egg-info .pytest_cache .mypy_cache .ruff_cache
