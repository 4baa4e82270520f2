# The commands of the book.  Each one that needs .venv, the environment with
# everything, first makes sure of it (booktools/environment.py).

.DEFAULT_GOAL := help
.PHONY: help environment book execute merge quick test test-site nightly check extract saved repeat new doctor bench write serve pdf picture links pythons newest plain dist wheel publish-notebooks mirror publish-release publish-pypi alarm lock clean

# The Python that .venv is made with; by default the first suitable one.
PYTHON ?=
BIN := .venv/bin
# Makes an environment beside .venv: of a folder and a requirement file.
MAKE_ENVIRONMENT = $(or $(PYTHON),python3) booktools/environment.py

help: ## List the commands
	@echo "The commands of the book:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' \
	    Makefile

book: extract ## Build the book: every chapter runs, every page is made
	$(BIN)/jupyter-book build .
	@echo
	@echo "The book is ready: open _build/html/index.html in a browser,"
	@echo "or type: make serve"

# What a share is: CONTRIBUTING.md, "More than one machine".
execute: extract ## Run chapters only, or a share: make execute SHARD=1/4
	BOOK_SHARD="$${SHARD:-1/1}" $(BIN)/jupyter-book build .

merge: environment ## Add outputs of other caches: make merge CACHES="a b"
	@$(BIN)/python -m booktools merge $(CACHES)

# On all cores; a file stays in one process, which makes once what it shares.
PYTEST = $(BIN)/python -m pytest -n logical --dist loadfile \
    --no-loadscope-reorder

quick: environment ## Run the small tests, in two minutes
	$(PYTEST) -m "not (build or browser or slow or nightly)"

test: environment ## Run all tests, but those for each night
	$(PYTEST) --durations=10

test-site: environment ## Check the book's own site, whatever its chapters
	$(BIN)/python -m booktools check

nightly: environment ## Run the tests that take too long for each change
	$(PYTEST) -m nightly --durations=10

check: environment ## Check format, style, types, imports, saved code, size
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	[ ! -d d2lmini ] || $(BIN)/python -m ruff check --isolated --select F,D \
	    --ignore D105 --config 'lint.pydocstyle.convention = "numpy"' d2lmini
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python -m tests.javascript
	$(MAKE) saved
	$(BIN)/zizmor --offline --quiet --persona=pedantic .github
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows \
	    .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot \
	    .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms \
	    .github/ISSUE_TEMPLATE/*_*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config \
	    .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/python tests/size.py

extract: environment ## Write d2lmini from the code that chapters save
	$(BIN)/python -m booktools extract

saved: environment ## Check that d2lmini is what the chapters save
	$(BIN)/python -m booktools extract --check

repeat: extract ## Build twice from nothing, and name what is not equal
	$(BIN)/python -m booktools repeat

new: environment ## Begin a chapter: make new NAME=limits TITLE=极限
	@$(BIN)/python -m booktools new "$$NAME" --title="$$TITLE"

doctor: environment ## Report what keeps the book from being published
	$(BIN)/python -m booktools doctor

bench: environment ## Measure against other Jupyter Books (40 minutes)
	$(BIN)/python benchmarks/run.py

write: environment ## Show the book while you write: it follows each change
	@$(BIN)/python -m booktools write $(if $(PORT),--port=$(PORT))

serve: _build/html/index.html environment ## Show the built book in a browser
	@echo "Stop it with Ctrl-C."
	@$(BIN)/python -u -m http.server 0 --bind 127.0.0.1 \
	    --directory _build/html

pdf: _build/html/index.html environment ## Print the built book as one PDF
	$(BIN)/python -m booktools pdf

_build/html/index.html:
	@echo "error: there is no book yet; type: make book" >&2; exit 1

# What the READMEs show; without a page, that is the first chapter.
PLACE := chapters/calculus.html\#fig-secant
PAGE := $(if $(wildcard chapters/calculus.md),$(PLACE))

picture: _build/html/index.html environment ## Take the READMEs' picture
	$(BIN)/python -m booktools picture '$(PAGE)' .github/page.png
	[ ! -d _build/html/en ] || \
	    $(BIN)/python -m booktools picture 'en/$(PAGE)' .github/page.en.png

links: _build/html/index.html environment ## Find links to sites that are gone
	$(BIN)/python -m booktools links

# Without PyTorch, whose builds for each Python are large.
pythons: ## Test the tools with another Python: make pythons PYTHON=python3.13
	mkdir -p _build
	awk '/^[^ ]/ { keep = !/^(torch|triton|cuda-|nvidia-)/ } keep' \
	    requirements-lock.txt > _build/without-torch.txt
	$(MAKE_ENVIRONMENT) _build/pythons _build/without-torch.txt
	_build/pythons/bin/python -m pytest --without-torch

# In an environment of its own: .venv keeps what is pinned.
newest: ## Build the book with the newest packages that can be taken
	$(MAKE_ENVIRONMENT) _build/newest .github/requirements-newest.txt
	PYTHONPATH=. _build/newest/bin/jupyter-book build .

# In a folder elsewhere: above this one they would find d2lmini.
plain: _build/html/index.html ## Run the notebooks as readers have them
	$(MAKE_ENVIRONMENT) _build/plain .github/requirements-plain.txt
	folder=$$(mktemp -d) && jupyter=$$PWD/_build/plain/bin/jupyter && \
	cp _build/html/_notebooks/chapters/*.ipynb "$$folder" && \
	cd "$$folder" && "$$jupyter" execute --timeout=300 *.ipynb && \
	rm -r "$$folder"

# A build takes the PDF away; what is there belongs to the site.
UNPRINTED := $(if $(wildcard _build/html/_pdf/*.pdf),,pdf)

dist: _build/html/index.html environment $(UNPRINTED) ## Write the files of a release
	$(BIN)/python -m booktools release

wheel: environment ## Build the tools as a package, for other books
	@$(BIN)/python -m booktools wheel

# These need git or GitHub's gh, and a Python, but not .venv: what may write
# somewhere should install nothing.
ANY_PYTHON := $(if $(wildcard $(BIN)/python),$(BIN)/python,python3)

publish-notebooks: ## Append the built notebooks to branch "notebooks"
	@$(ANY_PYTHON) -m booktools publish-notebooks

mirror: ## Append the built site to a branch of BOOK_MIRROR
	@$(ANY_PYTHON) -m booktools mirror

publish-release: ## Put dist on GitHub, as the release of this tag
	gh release create --verify-tag --generate-notes -- "$$GITHUB_REF_NAME" \
	    dist/*

publish-pypi: ## Put the wheel of dist on PyPI, from GitHub Actions
	$(MAKE_ENVIRONMENT) _build/uv .github/requirements-uv.txt
	_build/uv/bin/uv publish --trusted-publishing always \
	    $(filter-out dist/booktools-%,$(wildcard dist/*.whl))

alarm: ## Open or close the issue of a scheduled workflow on GitHub
	@$(ANY_PYTHON) -m booktools alarm

# Versions that the lock has stay as they are: to renew some, delete their
# lines in it first.  PyTorch's CPU builds are not PyPI's: requirements-torch.txt
# needs their hashes by hand, from PyTorch's index.
lock: ## Lock every package that the book and its tools ask for
	$(MAKE_ENVIRONMENT) _build/uv .github/requirements-uv.txt
	sed '/^-[cer]/d' requirements.txt requirements-dev.txt | \
	_build/uv/bin/uv --no-config pip compile --quiet --universal \
	    --python-version 3.11 --no-annotate --generate-hashes \
	    --only-binary :all: --emit-build-options \
	    --custom-compile-command 'make lock' -o requirements-lock.txt - \
	    --all-extras booktools/pyproject.toml \
	    >/dev/null
	{ sed '/^#/!d' constraints.txt; \
	  sed -n 's/^\([a-z0-9][^ ]*==.*[^ ]\) *\\$$/\1/p' requirements-lock.txt; \
	} > constraints.new && mv constraints.new constraints.txt

clean: ## Remove what was built
	@if [ -L _build ]; then echo "error: _build is a link, and what is" \
	    "behind it stays; empty that folder yourself" >&2; exit 1; fi
	rm -rf _build
	@echo "To remove the environment as well: rm -rf .venv"

# First a Python that suits; else one that can say why it does not.
environment:
	@set -- .venv/bin/python python3 python \
	    python3.14 python3.13 python3.12 python3.11; \
	if [ -n "$(PYTHON)" ]; then set -- "$(PYTHON)"; fi; \
	for versions in "(3, 11) <= v < (3, 15)" "v >= (3, 6)"; do \
	    for python in "$$@"; do \
	        if "$$python" -c "import sys; v = sys.version_info; \
	            sys.exit(not ($$versions))" >/dev/null 2>&1; \
	        then exec "$$python" booktools/environment.py; fi; \
	    done; \
	done; \
	echo "error: found no Python 3 (looked for: $$*); install Python 3.11 to" \
	    "3.14 from https://www.python.org/downloads/" >&2; exit 1
