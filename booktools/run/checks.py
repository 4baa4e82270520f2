"""A check and its formula -> the code that a kernel runs.

A kernel may be on another machine, which has none of these tools: what it
needs of them is part of the code, and so of its key in the cache.
"""

from functools import cache
from pathlib import Path

# Modules with what tests a formula by itself, in the order of their imports.
_MODULES = (
    *("values", "reading", "factors", "letters", "doubts", "writing"),
    *("matrices", "names", "equation"),
)

# What a check without code of its own imports, as if its author had.
_IMPORTS = "from sympy.parsing.latex import parse_latex"
# In the code of each cell.
MARK = "<checks>"

_WITH_MODULES = """\
import sys, types

for name, text in {modules!r}.items():
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, "<" + name + ">", "exec"), module.__dict__)
module.main({tex!r})
"""

# For whoever has to fix a formula that was tested by itself.
INSTALL = 'install what checks need: python -m pip install "booktools[checks]"'
MISSING = f"{INSTALL}; or write the check by hand"
WRONG = (
    "correct the formula; if it means something else than it says, write its"
    " check by hand, below ```{check} LABEL"
)
BY_HAND = (
    "write its check by hand, below ```{check} LABEL: Python that fails if"
    " the formula is wrong, such as: from sympy.parsing.latex import"
    " parse_latex; equation = parse_latex(tex); assert equation.lhs.subs('x',"
    " 2) == ..."
)


def imports_of(source: str) -> str:
    """Return the code that says what a check imports."""
    return source or _IMPORTS


def cell(source: str, tex: str) -> str:
    """Return the code of a cell.

    Parameters
    ----------
    source : str
        The author's code; empty if the formula is to be tested by itself.
    tex : str
        The formula.
    """
    if source:
        code = f"{_text('assertions')}\n\nrun({source!r}, {tex!r})\n"
    else:
        modules = {f"booktools.run.{name}": _text(name) for name in _MODULES}
        code = _WITH_MODULES.format(modules=modules, tex=tex)
    return f"exec(compile({code!r}, {MARK!r}, 'exec'), {{}})"


@cache
def _text(module: str) -> str:
    return Path(__file__).with_name(f"{module}.py").read_text("utf-8")
