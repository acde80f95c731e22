# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# The front door. The list of checks is noxfile.py; single ones: make check SESSIONS="lint types".

SESSIONS ?=
T ?= tests/unit
ARGS ?=
NOX = PATH="$(CURDIR)/.cache/bin:$$PATH" .cache/dev/bin/nox
TREE = $(CURDIR)/.cache/link

.DEFAULT_GOAL := demo
.PHONY: demo demo-env check test bench docs lint fix dev clean

demo: demo-env  ## the main job, for real, from nothing
	@bash tools/demo.sh

demo-env:
	@tools/env.sh apt demo
	@tools/env.sh venv demo tools/demo-requirements.txt
	@# Installed anew only when a file is newer than the last installation, which takes seconds.
	@installed=.cache/demo/collections/.installed; \
	if [ ! -e $$installed ] || [ -n "$$(find . \( -name .git -o -name .cache -o -name .nox -o -name __pycache__ \) -prune \
	    -o -type f -newer $$installed -print -quit)" ]; then \
	    ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/.cache/demo/collections .cache/demo/bin/ansible-galaxy \
	        collection install --offline --force -p .cache/demo/collections . >/dev/null && touch $$installed; \
	fi

check: dev  ## every check; a table of results and times at the end
	@PATH="$(CURDIR)/.cache/bin:$$PATH" .cache/dev/bin/python -m tools.check $(SESSIONS)

test:  ## the quick loop: T=tests/unit/... ARGS="-k word"
	@tools/env.sh apt check
	@tools/env.sh venv test tests/unit/requirements.txt requirements-dev.txt
	@.cache/test/bin/python -m tools.tree link $(TREE) >/dev/null
	@PYTHONPATH=$(TREE) ANSIBLE_COLLECTIONS_PATH=$(TREE) .cache/test/bin/python -m pytest -q $(T) $(ARGS)

bench:  ## ours against the alternatives, as ratios: ARGS="libvirt"
	@tools/env.sh apt check
	@tools/env.sh venv bench tests/bench/requirements.txt
	@.cache/bench/bin/python -m tools.tree link $(TREE) >/dev/null
	@PYTHONPATH=$(TREE) ANSIBLE_COLLECTIONS_PATH=$(TREE) .cache/bench/bin/python -m tests.bench $(ARGS)

docs: dev  ## the documentation as web pages in docs/build
	@$(NOX) -s html

lint: dev
	@$(NOX) -s lint types

fix: dev  ## repair formatting and what the linter can repair
	@$(NOX) -s fix

dev:
	@tools/env.sh apt check
	@tools/env.sh venv dev requirements-dev.txt

clean:
	rm -rf .cache .nox .ansible build docs/build tests/output
