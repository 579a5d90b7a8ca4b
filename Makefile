# make demo    the main job on the built-in set: install, train, test, leaderboard
# make test    every test
# make quick   the tests that take less than 0.3 s each
# make fuzz    the tests of damaged input at full length: a few minutes
# make check   format, lint, types, import rules, spelling, docstrings, the manual
# make docs    the manual, as HTML pages in build/manual
# make bench   benchmarks of a quarter of an hour, and docs/performance.md
# make bench-full   all benchmarks at full size: hours
# make tutorial  play the commands of docs/tutorial.md again, and record what they print
# make readme    what README.md shows of the demo and of its page: minutes the first time
# make walk      play every command of README.md and of the tutorial as a new user: a quarter of an hour
# make drawings  draw the pictures of docs/statistics-in-words.md and docs/results
# make floors  draw docs/floors.svg from the import rules
# make durations  record what each test takes: which are quick, and which file begins
# make golden  record what each part computes, after its version was raised
# make lite     make the material and train the shipped biosiqnet-lite: half an hour; lite-judge judges it
# make pyiqa-table   list pyiqa's metrics again, after a new version of it

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A process for each core, each with one thread: threads that wait for each other spin.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

.PHONY: demo test quick fuzz check docs bench bench-full format tutorial readme walk drawings floors durations golden pyiqa-table
.PHONY: lite lite-judge clean

demo: $(VENV)/.installed
	$(BIN)/iqabench run --models biosiqnet-lite,brisque --datasets demo
	$(BIN)/iqabench leaderboard --format csv -o leaderboard.csv

test: $(VENV)/.installed-dev
	$(PYTEST)

quick: $(VENV)/.installed-dev
	$(PYTEST) -m "not slow"

fuzz: $(VENV)/.installed-dev
	IQABENCH_TESTS_FUZZ_ALL=1 $(PYTEST) tests/cli/test_fuzz.py tests/data/test_decoding_fuzz.py

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/interrogate -vv --omit-covered-files iqabench biosiqnet_plugin plugins
	$(MAKE) docs

docs: $(VENV)/.installed-dev
	$(BIN)/sphinx-build -E -a -W --keep-going -q docs build/manual

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/all.py

bench-full: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/all.py --full

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

tutorial: $(VENV)/.installed-dev
	$(BIN)/python tests/tutorial.py

readme: $(VENV)/.installed-dev
	$(BIN)/python docs/readme.py

walk: $(VENV)/.installed-dev
	$(BIN)/python tests/walk.py

drawings: $(VENV)/.installed-dev
	$(BIN)/python docs/drawings
	$(BIN)/python docs/results/figures.py

floors: $(VENV)/.installed-dev
	$(BIN)/python docs/floors.py

durations: $(VENV)/.installed-dev
	$(PYTEST) --record-durations

golden: $(VENV)/.installed-dev
	$(BIN)/python tests/golden/record.py

pyiqa-table: $(VENV)/.installed-dev
	$(BIN)/python -m iqabench_pyiqa.listing

# BIQ2021 is a folder with the set; PHOTOGRAPHS is a folder of pictures beside fixations.csv; KADID is the
# label file of KADID-10k.
LITE = --biq2021 "$(BIQ2021)" --photographs "$(PHOTOGRAPHS)" --kadid "$(KADID)"

lite: $(VENV)/.installed-dev
	$(BIN)/python training/lite/material.py $(LITE) -o build/lite/material
	$(BIN)/python training/lite/train.py build/lite/material --photographs "$(PHOTOGRAPHS)" -o build/lite/fit

lite-judge: $(VENV)/.installed-dev
	$(BIN)/python training/lite/judge.py $(LITE)

clean:
	rm -rf $(VENV) build dist

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@ $(VENV)/.installed
