# Everything a newcomer needs. What is set up once is kept; a ROS 2 that is sourced in the shell is used.
PYTHON ?= python3
in_environment := $(PYTHON) scripts/run_in_environment.py

.PHONY: help setup demo test soak lint format docs shell clean
.DEFAULT_GOAL := help

help:
	@echo "make demo [INPUT=file-or-camera-index]  track a real clip through ROS 2 topics; writes demo_output/"
	@echo "make demo VIEW=1                        the same, live in the browser, until Ctrl-C; VIEW=8000 is another port"
	@echo "make test                               run every check and test that can run here"
	@echo "make test ROOM=tracking                 the quick tests of one room; TESTS='...' takes pytest's arguments"
	@echo "make soak                               the long tests of reliability, and the tracking bench; 20 minutes"
	@echo "make lint                               style, types and import rules alone"
	@echo "make format                             rewrite the sources in the project's style"
	@echo "make docs                               the documents as a site: build/site/docs/index.html"
	@echo "make shell                              a shell in which ROS 2 and the project's commands work"
	@echo "make setup                              set everything up, and nothing else"
	@echo "make clean                              remove what was built (not .venv, not demo_output)"

setup:
	@$(PYTHON) scripts/setup_environment.py

demo: setup
	@$(in_environment) rednet-demo $(if $(INPUT),--input "$(INPUT)") $(if $(VIEW),--view $(filter-out 1,$(VIEW)))

lint: setup
	$(in_environment) ruff check .
	$(in_environment) ruff format --check .
	$(in_environment) mypy
	$(in_environment) lint-imports

# In a process for each core; test/conftest.py says which tests go together.
in_parallel := --numprocesses=logical --maxprocesses=4 --dist=loadgroup
TESTS = $(in_parallel) $(if $(ROOM),-m "not slow" test/$(ROOM))
test: $(if $(filter command line,$(origin ROOM) $(origin TESTS)),setup,lint)
	$(in_environment) python -m pytest -rs $(TESTS)

# docs/reliability.md says what these are and has their figures.
soak: setup
	REDNET_EXAMPLES=850 $(in_environment) python -m pytest -rs test/reliability/test_odd_*.py
	REDNET_EXAMPLES=400 $(in_environment) python -m pytest -rs test/reliability/test_fuzz_*.py
	REDNET_SOAK_FRAMES=100000 REDNET_SIGNALS=6 REDNET_CYCLES=100 $(in_environment) python -m pytest -rs -s test/ros/faults test/ros/test_lifecycle_cycles.py
	$(in_environment) rednet-tracking-bench $(FACES)

format: setup
	$(in_environment) ruff check --fix .
	$(in_environment) ruff format .

docs: setup
	$(in_environment) python -m sphinx -q -W -c docs -d build/site_trees . build/site

shell: setup
	@$(in_environment)

clean:
	rm -rf .ros_build .ros_build-* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find rednet_ros scripts test -name __pycache__ -prune -exec rm -rf {} +
