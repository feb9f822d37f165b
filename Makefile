# The commands of the house; `make help` lists them. Everything is installed into .venv, exactly as uv.lock says.
# uv is taken from PATH; where there is none, it is put into .tools. Nothing outside this folder is changed.

PYTHONS = $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python
UV = $(or $(shell command -v uv),.tools/bin/uv)
UV_WANTED = uv>=0.9,<1
VENV = .venv/bin/python

# What the desk itself needs: reading recorded candles, and the compiled backtest.
EXTRAS = --extra parquet --extra fast
DEV_EXTRAS = $(EXTRAS) --extra postgres --extra optimize --extra portfolio --extra reports --extra notify --all-groups

CONFIG = $(if $(SETTINGS),--settings "$(SETTINGS)")
CODE = bot charts migrations trading
# One more than most machines of continuous integration have cores: many tests wait.
JOBS = 3

export UV_PYTHON_DOWNLOADS = never
export UV_COMPILE_BYTECODE = 1
export UV_PROJECT_ENVIRONMENT = .venv
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_ROOT_USER_ACTION = ignore
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
# The machine's own certificates, which know its proxy, if it has one.
export UV_SYSTEM_CERTS = 1
endif
unexport VIRTUAL_ENV UV_PYTHON

.PHONY: help run setup test lint format audit migrate migrate-down migrate-new message fuzz soak-short bench simulate simulate-long crash pictures

help:  ## this list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' Makefile

run: setup  ## start the desk (sets up what is missing); SETTINGS=my.toml for other settings
	@$(VENV) -m migrations $(CONFIG)
	@exec $(VENV) main.py $(CONFIG)

setup: .venv/.installed  ## install what the desk needs
	@$(VENV) -m compileall -q $(CODE) main.py

extra-%: setup | $(filter .tools/%,$(UV))  ## make extra-optimize, extra-reports, extra-postgres, extra-notify: add what they need
	@$(UV) sync --frozen --no-build --inexact --no-install-project --extra $*

test: .venv/.installed-dev  ## run the tests; ARGS="-k settings" for some of them
	$(VENV) -m pytest -n $(JOBS) --dist loadfile $(ARGS)

lint: .venv/.installed-dev  ## style, types and layers
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy
	.venv/bin/lint-imports --no-logo

format: .venv/.installed-dev  ## mend the style
	$(VENV) -m ruff check --fix .
	$(VENV) -m ruff format .

audit: .venv/.installed-dev $(filter .tools/%,$(UV))  ## is what is installed locked, untouched and not known to be weak
	@$(VENV) .ci/audit.py $(UV)

migrate: setup  ## bring the database up to date
	@$(VENV) -m migrations $(CONFIG)

migrate-down: setup  ## take the last migration back
	@$(VENV) -m migrations $(CONFIG) down

migrate-new: export MSG := $(MSG)
migrate-new: message .venv/.installed-dev  ## write a migration from the models; MSG="what it does"
	@$(VENV) -m migrations new "$$MSG"

message:
	@test -n "$$MSG" || { echo 'Say what it does: make migrate-new MSG="keep notes with orders"' >&2; exit 1; }

fuzz: .venv/.installed-dev  ## 100,000 command lines, 10,000 forged tokens, 10,000 tamperings; FUZZ_SEED=8 for others
	FUZZ_LINES=100000 $(VENV) -m pytest -q tests/bot/test_fuzz.py tests/bot/web/test_initdata.py tests/trading/store -k "fuzz or ten_thousand" $(ARGS)

soak-short: .venv/.installed-dev  ## 100 people chat and trade on paper for 10 minutes; ARGS="--minutes 1 --people 20"
	@$(VENV) -m bench._soak $(ARGS)

bench: .venv/.installed-dev  ## measure speed and size; ARGS chooses
	@$(VENV) -m bench $(ARGS)

simulate: .venv/.installed-dev  ## 5,000 stories of what may go wrong with real orders
	@$(VENV) -m tests.simulation --seeds 5000 --twice 50 --jobs $(JOBS)

simulate-long: .venv/.installed-dev  ## 100,000 stories, and every fault that is put in on purpose
	@$(VENV) -m tests.simulation --seeds 100000 --twice 200 --jobs $(JOBS)
	@$(VENV) -m tests.simulation --mutants --jobs $(JOBS)

crash: .venv/.installed-dev  ## die at every step of an order, once and twice; and 600 times kill -9
	@$(VENV) -m tests.simulation --crashes --jobs $(JOBS)
	@$(VENV) -m tests.simulation --kills 600

pictures: .venv/.installed-dev  ## take docs/pictures and docs/gallery.md anew; needs chromium and ghostscript
	@$(VENV) -m docs.take_pictures

# --- setting up ---------------------------------------------------------------------------------------------

# Prints the first Python that is new enough, or says which one is needed.
define FIND_PYTHON
for name in $(PYTHONS); do \
  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
    "$$name" -c 'import sys; print(sys.executable)'; exit 0; \
  fi; \
done; \
found=$$(python3 --version 2>/dev/null || echo "none"); \
echo "Tradewind needs Python 3.11 or newer; found $$found. Install one, or name it: make run PYTHON=/path/to/python3.12" >&2; \
exit 1
endef

# An environment whose Python has gone is made anew; one that works is kept, whatever Python it is of. The loops of
# the compiled gear are compiled here, so that the first search need not wait for it.
define INSTALL
@$(VENV) -c '' 2>/dev/null || { python=$$($(FIND_PYTHON)) && rm -rf .venv && $(UV) venv --quiet --python "$$python" .venv; }
@$(UV) sync --frozen --no-build --inexact --no-install-project
@$(VENV) -m trading.lab.ready
@touch $@
endef

.venv/.installed: pyproject.toml uv.lock | $(filter .tools/%,$(UV))
	$(subst --inexact,--inexact $(EXTRAS),$(INSTALL))

.venv/.installed-dev: pyproject.toml uv.lock | $(filter .tools/%,$(UV))
	$(subst --inexact,--inexact $(DEV_EXTRAS),$(INSTALL))

.tools/bin/uv:
	@python=$$($(FIND_PYTHON)) || exit 1; \
	echo "Getting uv, which installs everything else."; \
	rm -rf .tools; \
	if "$$python" -m venv .tools >/dev/null 2>&1 && .tools/bin/python -m pip install --quiet '$(UV_WANTED)'; then exit 0; fi; \
	rm -rf .tools; \
	if "$$python" -m pip install --quiet --target .tools/lib '$(UV_WANTED)' && test -x .tools/lib/bin/uv; then \
	  mkdir -p .tools/bin && ln -s ../lib/bin/uv .tools/bin/uv; exit 0; \
	fi; \
	rm -rf .tools; \
	echo "uv could not be got with $$python: it needs its modules venv or pip (Debian: apt-get install python3-venv), or uv on PATH." >&2; \
	exit 1
