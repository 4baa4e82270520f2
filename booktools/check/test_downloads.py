"""Downloaded notebooks are valid, and Jupyter can show all of them."""

import re

import nbformat
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from booktools.check.built import BuiltSite
from booktools.check.findings import Findings
from booktools.source.chapter import Chapter

# As Jupyter reads Markdown.
JUPYTER = (
    MarkdownIt("commonmark")
    .enable(["table", "strikethrough"])
    .use(dollarmath_plugin, allow_space=True, double_inline=True)
)

MYST = {
    "a role": r"\{[a-z:]+\}`",
    "a directive": r"^[> ]*[`~:]{3,}\s*\{",
    "a colon fence": r"^[> ]*:{3,}",
    "a label": r"^\([\w-]+\)=",
    "the label of a formula": r"\$\$ *\([\w-]+\)",
    "a footnote": r"\[\^",
    "an option": r"^:\w+:",
    "a definition": r"^: ",
    "a substitution": r"\{\{",
    "a comment": r"^% ",
    "a block": r"^\+\+\+",
    # Another notebook lies beside it, where both are downloaded.
    "a file": r"\]\((?!#|data:|https?:|[\w/.-]+\.ipynb[#)])[^)]*\)",
    "an environment": r"\\begin\{(align|gather|equation|multline)\*?\}",
}


def left_of_myst(text: str) -> dict[str, str]:
    """Return what Jupyter does not know in a text: what -> where."""
    # Without code; what stands behind a role is none.
    text = re.sub(r"(?<!})`[^`\n]+`", "", text)
    found = {
        what: re.search(pattern, text, re.MULTILINE)
        for what, pattern in MYST.items()
    }
    rest = {what: match[0] for what, match in found.items() if match}
    for block in JUPYTER.parse(text):
        for token in [block, *(block.children or [])]:
            if token.type == "text" and (
                match := re.search(r"[$\\]|\*\*", token.content)
            ):
                rest["a sign of a formula or of bold text"] = match[0]
    return rest


def test_notebook(
    site: BuiltSite, findings: Findings, chapter: Chapter
) -> None:
    """Read a notebook as Jupyter does."""
    page = f"{chapter.docname}.html"
    notebook = nbformat.read(site.notebook(chapter, ".ipynb"), 4)
    texts = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        what = f"the notebook is not valid: {error}"
        findings.add(page, "bad-notebook", what, "report this")
    for text in texts:
        for what, match in left_of_myst(text).items():
            lines = (x.strip() for x in text.split("\n") if match in x)
            line = next(lines, match)
            at = max(line.find(match) - 20, 0)
            excerpt = line[at : at + 60]
            what = f"the notebook shows {what} as it is written: {excerpt}"
            hint = "write it in another way, or report this"
            findings.add(page, "myst-in-notebook", what, hint, line, match)
    whole = "\n".join(texts)
    anchors = set(re.findall(r'<a id="([^"]+)"></a>', whole))
    for link in sorted(set(re.findall(r"\]\(#([^)]+)\)", whole)) - anchors):
        what = f"in the notebook, a link to {link!r} leads nowhere"
        findings.add(page, "notebook-link", what, "report this", link)
