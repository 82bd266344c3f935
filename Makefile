# Two commands matter: `make book` builds the site, `make test` runs everything CI runs.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SITE := _build/html
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)

.PHONY: help install book serve test lint notebooks published wheel try-wheel run-notebooks links gpu-bundle records bench clean

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; none was found. Name one: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[book,synthesis,dev]'
	@touch $@

install: $(STAMP)  ## Make .venv with the pinned packages

book: $(STAMP)  ## Execute every notebook and build the site, warnings as errors
	$(BIN)/python -m hnrc_lib.book.build

serve: book  ## Build, then open the site in the browser
	$(BIN)/python -m hnrc_lib.book.serve

test: book lint  ## Build the book if it is stale, then run every check and test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 3 --no-loadscope-reorder

lint: $(STAMP)  ## ruff and pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet .github/workflows

notebooks: $(STAMP)  ## Write the Colab twins of the chapters to notebooks/
	$(BIN)/python -m hnrc_lib.book.twins

published: notebooks  ## Commit notebooks that know HNRC_REPOSITORY_URL to the branch that they are opened from
	test -n "$(HNRC_REPOSITORY_URL)" -a -n "$(HNRC_REPOSITORY_BRANCH)"
	git switch --quiet --force-create "$(HNRC_REPOSITORY_BRANCH)"
	git add notebooks
	git diff --cached --quiet || git commit --quiet --message "Notebooks for $(HNRC_REPOSITORY_URL)"

links: book  ## Follow every link of the built site, those to other sites too (needs the network)
	$(BIN)/python -m hnrc_lib.book.links

wheel: $(STAMP)  ## Build the wheel, corpus and records inside, to dist/
	rm -rf dist
	$(BIN)/python -m build --wheel

TRY := _build/try
try-wheel: wheel  ## Install the wheel alone in a fresh environment; recognise a digit and run a notebook with it
	rm -rf $(TRY)
	$(PYTHON) -m venv $(TRY)
	$(TRY)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt dist/*.whl nbclient ipykernel
	cd $(TRY) && bin/hnrc transcribe --model digits $(firstword $(wildcard $(CURDIR)/data/digits/audio/*.flac $(CURDIR)/data/digits/audio/*/*.flac))
	$(MAKE) run-notebooks JUPYTER=$(TRY)/bin/jupyter NOTEBOOKS=notebooks/hessian/damping.ipynb

# Another environment's: Colab's own, in the weekly run.
JUPYTER ?= $(BIN)/jupyter
WHEEL ?= $(wildcard dist/*.whl)
NOTEBOOKS ?= $(shell find notebooks -name '*.ipynb' | sort)
run-notebooks:  ## Run every notebook as a reader does, the library from the wheel in dist/
	@test -n "$(WHEEL)" || { echo "There is no wheel in dist/: run make wheel"; exit 1; }
	@failed=; for notebook in $(NOTEBOOKS); do \
		echo "$$notebook"; \
		HNRC_WHEEL="$(abspath $(WHEEL))" $(JUPYTER) execute --timeout=600 "$$notebook" || failed="$$failed $$notebook"; \
	done; test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

gpu-bundle: $(STAMP)  ## Pack code, corpora and wheels for a GPU machine without network (CORPORA="an4")
	$(BIN)/python -m hnrc_lib.datasets.bundle $(CORPORA)

records: $(STAMP)  ## Run the recorded experiments again (needs HNRC_DATA_DIR)
	$(BIN)/hnrc run all

BENCH := .venv-bench
BENCH_STAMP := $(BENCH)/.installed

$(BENCH_STAMP): pyproject.toml constraints.txt benchmarks/requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; none was found. Name one: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement benchmarks/requirements.txt
	@touch $@

bench: $(BENCH_STAMP)  ## Measure the library beside its peers, in .venv-bench (12 minutes)
	OMP_NUM_THREADS=1 $(BENCH)/bin/python -m benchmarks $(TABLES)

clean:  ## Remove what the commands above made, the environment too
	rm -rf $(VENV) $(BENCH) _build dist _assets/vendor .pytest_cache .ruff_cache .hypothesis
