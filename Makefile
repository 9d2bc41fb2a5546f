# Every path is relative and quoted, so the folder may be called anything. Recipes are plain sh.

PYTHON ?= python3
LAB_ARGS ?=
PYTEST_ARGS ?=
NAMES ?=
JOBS ?= 2
# The slow tests wait for browsers and kernels: three at once fill two cores.
SLOW_JOBS ?= 3

PY := .venv/bin/python
ON_PATH = PATH="$$PWD/.venv/bin:$$PATH"

# A fresh folder for progress, so that no run sees a learner's own or leaves any behind. What was collected
# from the installed libraries is the same for all of them, and kept.
FRESH_STATE = state="$$(mktemp -d)" || exit 1; trap 'rm -rf "$$state"' EXIT; trap 'exit 130' INT; \
	trap 'exit 143' TERM; export COURSE_STATE_DIR="$$state"; \
	export COURSE_CACHE_DIR="$$PWD/.pytest_cache/course"
# Two workers on two cores: one thread each, and a file's tests stay together.
PYTEST = $(ON_PATH) OMP_NUM_THREADS=1 $(PY) -m pytest -n $(JOBS) --dist loadfile --durations 15

.DEFAULT_GOAL := help
.PHONY: help lab test test-rest test-all notebooks slides pictures bench badges lint format constraints clean env

help: ## show this list
	@echo 'make lab opens the course, make test checks it. All targets:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1: \2/p' Makefile | while IFS=: read -r name text; do \
		printf '  make %-12s%s\n' "$$name" "$$text"; \
	done

lab: env ## install what is missing, then open the course in JupyterLab (LAB_ARGS="--no-browser")
	@root=''; if [ "$$(id -u)" = 0 ]; then root='--allow-root'; fi; \
	browser='--no-browser'; \
	if [ "$$(uname)" = Darwin ] || [ -n "$$DISPLAY$$WAYLAND_DISPLAY$$BROWSER" ]; then browser=''; fi; \
	echo 'JupyterLab starts; its address follows. Ctrl-C, twice, stops it.'; \
	$(ON_PATH) exec $(PY) -m jupyterlab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=. \
		--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb \
		--FileContentsManager.pre_save_hook=course_lib._saving.drop_views \
		--log-level=WARN $$browser $$root $(LAB_ARGS)

test: env ## every test but the slow ones, then every notebook under nbval
	@$(FRESH_STATE); failed=0; \
	$(PYTEST) -m 'not slow' $(PYTEST_ARGS) || failed=1; \
	$(PYTEST) --nbval --nbval-current-env --nbval-sanitize-with tests/notebooks/sanitize.cfg \
		notebooks || failed=1; \
	exit $$failed

test-rest: env ## what `make test` leaves out: lint, and the slow tests
	@$(FRESH_STATE); failed=0; \
	$(MAKE) --no-print-directory lint || failed=1; \
	$(PYTEST) -n $(SLOW_JOBS) -m slow $(PYTEST_ARGS) || failed=1; \
	exit $$failed

test-all: env ## all of it, as CI does
	@failed=0; \
	$(MAKE) --no-print-directory test || failed=1; \
	$(MAKE) --no-print-directory test-rest || failed=1; \
	exit $$failed

notebooks: env ## execute every notebook in place and normalise it (NAMES="01")
	@$(FRESH_STATE); $(ON_PATH) $(PY) -m tests.notebooks.tool execute $(NAMES)

slides: env ## slides as a file, slides/05_….pdf; needs a Chromium (NAMES="05")
	@$(FRESH_STATE); $(PY) -m tests.browser.slides slides $(NAMES)

pictures: env ## take the README's pictures anew; needs a Chromium
	@$(FRESH_STATE); $(PY) -m tests.browser.pictures notebooks/pictures

bench: env ## benchmarks, printed as tables (NAMES="baselines padding")
	@export COURSE_CACHE_DIR="$$PWD/.pytest_cache/course"; $(PY) -m tests.benchmarks $(NAMES)

badges: env ## write the repository's address into badges and set-up cells
	@$(PY) -m tests.notebooks.tool badges

lint: env ## ruff: rules and format, notebooks too
	@failed=0; $(PY) -m ruff check || failed=1; $(PY) -m ruff format --check || failed=1; exit $$failed

format: env ## let ruff format everything
	@$(PY) -m ruff format

clean: ## remove the environments and caches; a learner's .course stays
	rm -rf .venv .venv-colab .pytest_cache .ruff_cache build dist slides
	find course_lib tests -name __pycache__ -type d -prune -exec rm -rf {} +

# .venv/.ready is written last. Its first line is the folder that .venv was made in (scripts in a moved
# environment point to the old place), its second the checksum of what was installed.
PROBE = import sys; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))
NAME_ONE = name another, as in: make lab PYTHON=python3.12
FIND_PYTHON = found="$$("$(PYTHON)" -c '$(PROBE)' 2>/dev/null)" || case "$$found" in \
	[0-9]*) die "$(PYTHON) is Python $$found and the course needs 3.11 or newer; $(NAME_ONE)";; \
	*) die "found no working Python called $(PYTHON) and the course needs 3.11 or newer;" \
		"install one, or $(NAME_ONE)";; esac; \
	"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || \
	die "$(PYTHON) is Python $$found without the module venv or ensurepip; add it" \
		"(Debian, Ubuntu: apt install python$$found-venv) or $(NAME_ONE)"
# No question about Jupyter news in the corner of the first page.
OVERRIDES = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
PIP_INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check

env:
	@die() { echo "Set-up: $$*." >&2; exit 1; }; \
	here="$$(pwd -P)"; wanted="$$(cat pyproject.toml constraints.txt | cksum)"; \
	if [ "$$(sed -n 1p .venv/.ready 2>/dev/null)" = "$$here" ] && $(PY) -c '' 2>/dev/null; then \
		if [ "$$(sed -n 2p .venv/.ready)" = "$$wanted" ]; then exit 0; fi; \
		echo 'Set-up: the requirements changed; bringing .venv up to date.'; \
	else \
		$(FIND_PYTHON); \
		if [ -e .venv ] || [ -L .venv ]; then \
			echo 'Set-up: .venv is half-made, broken or was moved here; making it anew.'; \
			rm -rf .venv || die 'could not remove .venv; remove it by hand'; \
		fi; \
		echo "Set-up: installing the packages for Python $$found into .venv; minutes, this once."; \
		"$(PYTHON)" -m venv .venv || die 'could not make .venv (its message stands above)'; \
	fi; \
	$(PIP_INSTALL) -c constraints.txt hatchling && \
	$(PIP_INSTALL) -c constraints.txt --no-build-isolation -e '.[lab,test]' || \
	die 'pip could not install the packages (its message stands above); check the connection and' \
		'the free disk space, then run the same command again'; \
	mkdir -p .venv/share/jupyter/lab/settings; echo '$(OVERRIDES)' > .venv/share/jupyter/lab/settings/overrides.json; \
	printf '%s\n%s\n' "$$here" "$$wanted" > .venv/.ready

# For maintainers: the newest versions that pyproject.toml and the head of constraints.txt admit, in a
# fresh .venv. The head reaches down to the line "# --- pip freeze ---".
constraints:
	@die() { echo "Set-up: $$*." >&2; exit 1; }; $(FIND_PYTHON); set -e; \
	rm -rf .venv; "$(PYTHON)" -m venv .venv; \
	sed '/^# --- pip freeze ---/q' constraints.txt > .venv/head.txt; \
	$(PIP_INSTALL) hatchling; \
	$(PIP_INSTALL) -c .venv/head.txt --no-build-isolation -e '.[lab,test]'; \
	$(PY) -m pip freeze --all --exclude pip --exclude-editable | sed 's/+[a-z0-9.]*$$//' | \
		grep -v -i -E '^(nvidia-|cuda-|triton=)' | grep -v -x -F -f .venv/head.txt > .venv/rest.txt; \
	cat .venv/head.txt .venv/rest.txt > constraints.txt
