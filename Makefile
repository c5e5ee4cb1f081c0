# make demo   sets up, runs the six scripts on drawn pictures, and names the page to open
# make mine CASUAL=FOLDER COLLECTION=FOLDER   sets up, and runs them on two folders of your own photographs
# make test   sets up, checks the code's style, and runs the tests
# make types  checks the types of the foundations
# make faults kills, fills, damages and misuses thin runs of the six scripts, and writes docs/reliability.md
# make audit  asks whether a package that is used has a known hole
# make messages   collects the messages of all scripts for translation, and compiles what is translated
# make models fetches the networks that find people and judge pictures; the set-up does it too, and goes on without them
# Either installs once; what it installed is used again until a requirements file changes.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

# Where tests are marked as running on both of Keras' backends: gradients, layers, a run that is resumed.
ON_BOTH_BACKENDS := -m both_backends tests/dcgan tests/training tests/interpolation

# Strictly typed: what everything else stands on.
FOUNDATIONS := demicouture/files.py demicouture/runs.py demicouture/errors.py demicouture/console.py \
	demicouture/latents.py demicouture/progress.py

.PHONY: demo mine test types faults audit messages models set-up clean

demo: $(VENV)/.installed
	$(RUN) scrape.py --queries data/queries-demo.csv
	$(RUN) scrape.py --queries data/queries-examples.csv --output data/examples
	$(RUN) preprocess.py
	$(RUN) train_dcgan.py --preset demo
	$(RUN) generate.py --count 1000
	$(RUN) latent_svm.py
	$(RUN) interpolate.py
	@echo
	@echo "Open this / これを開いてください: outputs/index.html"

# The shell takes both folders from the environment, so that blanks and quotes in their names stay what they are.
mine: $(VENV)/.installed
	@$(RUN) mine.py "casual=$$CASUAL" "collection=$$COLLECTION"

test: $(VENV)/.installed-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m pytest --numprocesses auto --dist loadfile
	KERAS_BACKEND=jax $(RUN) -m pytest --numprocesses auto --dist loadfile $(ON_BOTH_BACKENDS)

types: $(VENV)/.installed-dev
	$(RUN) -m mypy $(FOUNDATIONS)

faults: $(VENV)/.installed-dev
	$(RUN) -m faults

audit: $(VENV)/.installed-dev
	$(RUN) -m pip_audit --requirement requirements.txt

messages: $(VENV)/.installed-dev
	$(RUN) tests/messages.py

set-up: $(VENV)/.installed

models: $(VENV)/.installed
	$(RUN) -m demicouture.pretrained

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("error: found Python %d.%d, expected 3.11 or \
	newer; run: make PYTHON=python3.12" % sys.version_info[:2])'
	@echo "installing packages into $(VENV), which takes a few minutes, once"
	@echo "$(VENV) にパッケージをインストールします（数分かかります。初回だけです）"
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(RUN) -m demicouture.pretrained --optional
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV)
