"""Each setting has its effect, or is refused at its line."""

import importlib.resources
import json
import re

import pytest

from booktools.sphinxext import settings

# Everything that has no effect.
WRONG = """\
title: Small  # wrong: set one
autor: x  # wrong: did you mean author?
logo: ../logo.png  # wrong
bibtex_reference_style: label  # wrong
bibtex_bibfiles: [references.bib, ../others.bib]  # wrong
execute:
  execute_notebooks: cache
  exclude_patterns: [a*]  # wrong: execution_mode
  run_in_temp: true  # wrong
  allow_errors: true  # wrong: raises-exception
  raise_on_error: false  # wrong
  show_tb: false  # wrong
  time_out: 30  # wrong: did you mean execute.timeout?
parse:
  myst_dmath_double_inline: true  # wrong
html:
  baseurl: https://a.example/  # wrong: BOOK_URL
  use_repository_button: false  # wrong
  use_issues_button: false  # wrong
  favicon: /etc/icon.png  # wrong
  navbar_footer_text: x  # wrong
  analytics:
    google_analytics_id: x  # wrong
    plausible_analytics_domain: x  # wrong
  comments:
    utterances: {repo: a/b}  # wrong
    hypothesis: true  # wrong
    giscus: {repo: a/b}  # wrong
launch_buttons:
  notebook_interface: jupyterlab  # wrong
  thebe: true  # wrong
  colab_url: https://a.example  # wrong
latex:
  latex_engine: xelatex  # wrong: make pdf
  latex_documents: {targetname: book.tex}  # wrong
repository:
  url: https://github.com/a/b  # wrong
  branch: main  # wrong
  path_to_book: x
sphinx:
  extra_extensions: [booktools.sphinxext]
  config:
    nb_kernel_rgx_aliases: {a: b}  # wrong
    nb_execution_excludepatterns: [x]  # wrong
    html_theme: alabaster  # wrong
    html_title: Another
    html_js_files: [https://a.example/x.js]  # wrong
    html_css_files: [[//a.example/x.css, {}]]  # wrong
    html_extra_path: [../..]  # wrong
    html_search_language: ja  # wrong
    mathjax_path: https://a.example/mathjax.js  # wrong: macros
    mathjax3_config:
      loader: {load: [x]}  # wrong
      tex:
        packages: [x]  # wrong
        macros: {RR: x}
    html_theme_options:
      repository_url: x  # wrong
      launch_buttons: {thebe: true}  # wrong
      toc_title: x
"""

# As in Jupyter Book's own examples; it asks for nothing that is not done.
RIGHT = """\
title: Small
author: x
copyright: "2026"
logo: ""
exclude_patterns: []
only_build_toc_files: true
execute:
  execute_notebooks: cache
  cache: ""
  exclude_patterns: []
  timeout: 30
  run_in_temp: false
  allow_errors: false
  stderr_output: show
parse:
  myst_enable_extensions: [colon_fence, dollarmath]
  myst_url_schemes: [mailto, http, https]
html:
  favicon: ""
  use_edit_page_button: false
  use_multitoc_numbering: true
  extra_footer: <p>our footer</p>
  home_page_in_navbar: true
  baseurl: ""
  analytics: {google_analytics_id: ""}
  comments: {hypothesis: false, utterances: false}
  announcement: <b>our announcement</b>
launch_buttons: {binderhub_url: "", thebe: false}
repository: {url: "", branch: ""}
sphinx:
  extra_extensions: [booktools.sphinxext]
  recursive_update: false
  config: {html_theme_options: {toc_title: our contents}}
"""


def test_each_key_of_jupyter_book_is_known():
    file = importlib.resources.files("jupyter_book") / "config_schema.json"

    def keys(schema, above=""):
        for name, inner in schema.get("properties", {}).items():
            if "properties" in inner:
                yield from keys(inner, f"{above}{name}.")
            else:
                yield f"{above}{name}"

    names = [*keys(json.loads(file.read_text("utf-8")))]
    assert len(names) > 40
    tables = settings.Tables()
    for name in names:
        assert tables.entry(name), name


def test_what_has_no_effect_is_refused(new_book):
    book = new_book({"_config.yml": WRONG})
    result = book.build()
    errors = result.stderr
    problems = dict(
        re.findall(
            r"^_config.yml:(\d+): (error: .* \[setting\]\n.*)$", errors, re.M
        )
    )
    lines = {
        str(n): line.partition("# wrong")[2].lstrip(": ")
        for n, line in enumerate(WRONG.splitlines(), 1)
        if "# wrong" in line
    }
    assert result.returncode == 1
    assert problems.keys() == lines.keys()
    for line, hint in lines.items():
        assert hint in problems[line]
    assert not (book.html / "index.html").exists()


def test_what_asks_for_nothing_is_right(new_book):
    book = new_book({"_config.yml": RIGHT})
    book.succeed()
    page = book.site()["index.html"].decode()
    for text in ("our footer", "our announcement"):
        assert text in page
    # Its script is one that no page runs.
    assert "btn-fullscreen" not in page


AROUND = """\
title: Small
html:
  favicon: mine.ico
  announcement: <script>alert(1)</script>
  extra_footer: <meta http-equiv="refresh" content="0;url=//a.example">
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [booktools.sphinxext]
"""


def test_what_stands_on_every_page_is_looked_at(new_book):
    book = new_book({"_config.yml": AROUND})
    result = book.build()
    errors = result.stderr
    assert result.returncode == 1
    assert "_config.yml:4: error: announcement has a <script>" in errors
    assert "_config.yml:5: error: extra_footer has <meta" in errors
    config = book.read("_config.yml").splitlines()
    config = "\n".join(config[:3] + config[5:])
    book.write("_config.yml", config)
    book.write("mine.ico", "x")
    book.succeed()
    page = book.site()["index.html"].decode()
    assert page.count('rel="icon"') == 1
    assert "mine.ico" in page
    assert book.site()["_static/mine.ico"] == b"x"


NAMES = ["search", "404", "Search", "py-modindex", "pagefind/a", "_x/a"]


def test_text_that_would_be_lost_is_refused(new_book):
    book = new_book({f"{name}.md": f"# {name}\n\nText.\n" for name in NAMES})
    book.write("genindex.md", "(x)=\n# Index\n\nText that is lost.\n")
    toc = "format: jb-book\nroot: index\nchapters:\n"
    toc += "".join(f"  - file: '{name}'\n" for name in [*NAMES, "genindex"])
    book.write("_toc.yml", toc)
    config = "title: x\nexecute: {execute_notebooks: cache}\n"
    config += "sphinx: {extra_extensions: [booktools.sphinxext]}\n"
    book.write("_config.yml", config)
    result = book.build()
    errors = result.stderr
    assert result.returncode == 1
    for line, name in enumerate(NAMES, 4):
        folder = name.partition("/")[0]
        assert re.search(
            rf"^_toc.yml:{line}: error: .* '{folder}' \[taken-name\]",
            errors,
            re.M,
        ), name
    assert "genindex.md:4: error: the index takes the place" in errors
    assert len(re.findall(r"\[taken-name\]", errors)) == len(NAMES) + 1


@pytest.mark.parametrize("name", ["search", "404"])
def test_pages_that_no_table_of_contents_lists(new_book, name):
    book = new_book({f"{name}.md": "# A\n", "_config.yml": AROUND})
    result = book.build()
    errors = result.stderr
    assert result.returncode == 1
    assert f"{name}.md:1: error: the site has a page of its own" in errors
