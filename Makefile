# Two commands: `make train` shows the whole job on MovieLens-100K, `make test` checks the tree.
PYTHON ?= python3
PY := .venv/bin/python
JOBS ?= 2
MODELS ?= popularity item_knn ease bpr lightgcn kgrec

.DEFAULT_GOAL := help
.PHONY: help install train serve audit test lint types tests clean

help: ## This list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# constraints.txt pins the versions that were tried, so the environment is made anew when they change.
.venv/.installed: pyproject.toml constraints.txt
	test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) -m pip install --progress-bar on -c constraints.txt -e '.[dev,serve,servers]'
	touch $@

install: .venv/.installed ## Make .venv with everything that is needed

train: install ## MovieLens-100K end to end: baselines and the flagship, a table, recommendations
	for model in $(MODELS); do $(PY) scripts/train.py model=$$model || exit 1; done
	$(PY) scripts/compare.py runs/ml-100k
	$(PY) scripts/recommend.py --run latest --user 405 --user 655 --user 13 -k 10

serve: install ## The newest run as a web service with a page, on this machine
	$(PY) scripts/serve.py --run latest

audit: install ## Known weaknesses of the dependencies (asks the advisories' server)
	$(PY) -m pip_audit --progress-spinner off -r constraints.txt --no-deps --disable-pip

test: lint types tests ## Lint, types, tests with coverage

lint: install
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: install
	$(PY) -m mypy kgrec scripts benchmarks

tests: install
	OMP_NUM_THREADS=1 $(PY) -m pytest -n $(JOBS) --cov --cov-report=term:skip-covered --cov-fail-under=90 tests

clean: ## Remove what was built here (.venv and caches; runs are kept)
	rm -rf .venv .peers .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
