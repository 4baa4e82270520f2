"""A notebook -> a script for plain Python, for readers without Jupyter."""

import ast
import copy
import dis
import re
import textwrap
from collections.abc import Callable, Container
from inspect import CO_COROUTINE
from itertools import zip_longest
from types import CodeType

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from booktools.problem import Problem
from booktools.render.takeaway import fill, parse, quote
from booktools.source.chapter import Chapter
from booktools.source.magics import Magic, find_magic, python_source
from booktools.source.python import compile_cell

_PICTURE = re.compile(r"data:image/[^\s)\"'>]+")
_INLINE = ("matplotlib", "config")  # mean nothing outside of Jupyter
_SHELL = ("!!", "sx", "system")
# Magics that bind names, which only IPython could.
_BIND = {"load", "load_py", "macro", "pylab", "rerun", "run", "store"}
_RUNNING_LOOP = re.compile(
    r"\b(create_task|ensure_future|get_running_loop|current_task)\("
)
# Parts that a script begins with if it uses their names.
_HELPERS = {
    "show_figures": r"show_figures\(\)",
    "script_capture": r"with Capture\(\)",
    "script_measure": r"= measure\(",
    "script_loop": r"event_loop\.run_until_complete\(",
    "script_display": r"(?<![\w.])display\(",
}


def to_script(
    notebook: NotebookNode,
    shown: Container[str],
    drawn: Container[str],
    _: Callable[[str], str] = str,
) -> str:
    """Return a notebook as a script for plain Python.

    Parameters
    ----------
    notebook : NotebookNode
        A notebook without outputs; it is left as it is.
    shown, drawn : containers of str
        Ids of the code cells whose last expression the page shows as text,
        and of those below which it shows figures.
    _ : callable
        What translates English texts; by default, they stay English.
    """
    script = copy.deepcopy(notebook)
    cells = enumerate(script.cells)
    first = next((i for i, cell in cells if _is_chapter_code(cell)), 0)
    futures: list[str] = []
    codes = []
    for cell in script.cells:
        if cell.cell_type != "code":
            cell.source = _PICTURE.sub(_("picture: see the page"), cell.source)
            continue
        if _is_chapter_code(cell):
            is_shown, is_drawn = cell.id in shown, cell.id in drawn
            code = _as_script(cell.source, _tags(cell), is_shown, is_drawn)
            cell.source = _without_futures(code, futures)
            codes.append(cell.source)
        cell.metadata = NotebookNode()
    names = {name for code in codes for name in _bound_names(code)}
    helpers = [
        new_code_cell(fill(name, _), id=name.replace("_", "-"))
        for name, use in _HELPERS.items()
        if re.search(use, "\n".join(codes))
        and not (name == "script_display" and "display" in names)
    ]
    script.cells[first:first] = helpers
    if futures:  # must come before everything else
        cell = new_code_cell("\n".join(dict.fromkeys(futures)), id="future")
        script.cells.insert(0, cell)
    # Nothing of the notebook but its cells; magics are already gone.
    options = {
        "notebook_metadata_filter": "-all",
        "cell_metadata_filter": "-all",
        "comment_magics": False,
    }
    script.metadata = NotebookNode(jupytext=options)
    # Takes longer than a page, and most builds write no script.
    import jupytext

    text: str = jupytext.writes(script, fmt="py:percent")
    return text


def _is_chapter_code(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and "setup" not in _tags(cell)


def _tags(cell: NotebookNode) -> list[str]:
    tags: list[str] = cell.metadata.get("tags", [])
    return tags


def find_unscriptable(chapter: Chapter) -> list[Problem]:
    """Return problems of lines that leave a chapter's script broken."""
    problems = []
    for cell in chapter.cells:
        python = python_source(cell.source)
        if python == cell.source or "skip-execution" in cell.tags:
            continue
        for i, line in enumerate(python.split("\n")):
            magic = find_magic(line)
            if not magic or _as_python(magic) is not None:
                continue
            words = {magic.name, *magic.argument.split()}
            outputs = words & {"--out", "--err"} if magic.body else set()
            if magic.target or magic.name in _BIND or outputs:
                text = cell.source.split("\n")[i].strip()
                what = f"a script has no names from {text!r}"
                hint = "write it in Python, or tag the cell skip-execution"
                place = chapter.path, cell.line + i
                problems.append(Problem(*place, "script-magic", what, hint))
    return problems


def _as_script(
    source: str, tags: Container[str], shown: bool, drawn: bool
) -> str:
    """Return the source of a cell as a part of a script."""
    if "skip-execution" in tags:
        return _comment(source)
    may_fail = "raises-exception" in tags
    code = _without_magics(source)
    if not may_fail and _compile(code) is None:
        return _comment(source)
    if shown and not may_fail:
        code = _print_last(code)
    if may_fail:
        code = _expect_error(code)
    if _needs_loop(code):
        code = _run_in_loop(code)
    if drawn and not _shows(code):
        code += "\nshow_figures()"
    return code


def _comment(source: str) -> str:
    """Turn code that a script does not run into comments."""
    first, *lines = source.strip("\n").split("\n")
    return "\n".join(
        [f"# notebook only: {first}", *(f"# {t}".rstrip() for t in lines)]
    )


def _compile(source: str) -> CodeType | None:
    """Compile a cell; what is no Python gives nothing."""
    try:
        return compile_cell(source)
    except (SyntaxError, ValueError):
        return None


def _bound_names(source: str) -> set[str]:
    code = _compile(source)
    steps = dis.get_instructions(code) if code else ()
    changes = ("STORE_NAME", "STORE_GLOBAL", "DELETE_NAME")
    return {step.argval for step in steps if step.opname in changes}


def _without_magics(source: str) -> str:
    """Turn lines that are no Python into what they run, or into comments."""
    new = python_source(source)
    if new == source:
        return source
    lines = []
    for line, code in zip_longest(source.split("\n"), new.split("\n")):
        if line is None or line.rstrip() == (code or "").rstrip():
            lines.append(line or "")
            continue
        magic = find_magic(code or "")
        if magic and magic.body is not None:
            lines.append(_without_cell_magic(magic, source))
            break
        indent = line[: -len(line.lstrip())]
        python = _as_python(magic) if magic else None
        if python is not None:
            lines += [f"{indent}{text}" for text in python.split("\n")]
        elif magic or not (code or "").strip():
            if not (magic and magic.name in _INLINE):
                lines.append(f"{indent}# notebook only: {line.lstrip()}")
            if indent and magic:
                lines.append(f"{indent}pass")
        else:  # such as a line behind the prompt of an example
            lines.append(code or "")
    return "\n".join(lines).strip("\n")


def _as_python(magic: Magic) -> str | None:
    """Return what a script runs instead of a magic, None if it cannot."""
    name, argument = magic.name, magic.argument
    if magic.body is not None:
        return _without_cell_magic(magic, None)
    if name == "timeit":
        code = (magic.python or "").strip()
        return magic.target + f"measure({code!r})" if magic.target else None
    if magic.python is not None:
        return magic.target + magic.python if magic.python else None
    if magic.target and name in _SHELL:
        call = f"subprocess.getoutput({_command(argument)}).splitlines()"
        return f"import subprocess\n{magic.target}{call}"
    if magic.target and name == "pwd":
        return f"import os\n{magic.target}os.getcwd()"
    if name in ("env", "set_env") and "=" in argument and not magic.target:
        key, _, value = map(str.strip, argument.partition("="))
        show = f"print({f'env: {key}={value}'!r})"
        return f"import os\nos.environ[{key!r}] = {value!r}\n{show}"
    return None


def _command(text: str) -> str:
    """Return a shell command as a literal, with the names that it uses."""
    literal = repr(text)
    if "{" in text and parse(f"f{literal}"):
        return f"f{literal}"
    return literal


def _without_cell_magic(magic: Magic, source: str | None) -> str | None:
    """Return what a script runs instead of a cell; else, its comment."""
    words = magic.argument.split()
    comment = None if source is None else _comment(source)
    if magic.body is None or magic.name == "timeit":
        return comment
    if magic.name in ("writefile", "file") and words:
        mode = "a" if {"-a", "--append"} & {*words} else "w"
        text = quote(magic.body)
        call = f"open({words[-1]!r}, {mode!r}, encoding='utf-8')"
        show = f"print({f'Writing {words[-1]}'!r})"
        return f"with {call} as _file:\n    _file.write({text})\n{show}"
    if magic.python is None:
        return comment
    first = f"# notebook only: %%{magic.name} {magic.argument}".rstrip()
    body = _without_magics(magic.python).strip("\n")
    if magic.name != "capture" or "--no-stdout" in words or not body:
        return f"{first}\n{body}"
    kept = f" as {words[-1]}" if words and words[-1].isidentifier() else ""
    return f"{first}\nwith Capture(){kept}:\n{_indent(body)}"


def _without_futures(source: str, futures: list[str]) -> str:
    """Take out what only the begin of a file may import."""
    lines = source.split("\n")
    for node in parse(source):
        match node:
            case ast.ImportFrom(module="__future__"):
                futures.append(ast.unparse(node))
                for i in range(node.lineno - 1, node.end_lineno or 0):
                    lines[i] = f"# above: {lines[i]}"
    return "\n".join(lines)


def _needs_loop(source: str) -> bool:
    """Say whether code runs only where an event loop does."""
    code = _compile(source)
    is_coroutine = code is not None and code.co_flags & CO_COROUTINE
    return bool(is_coroutine or _RUNNING_LOOP.search(source))


def _run_in_loop(source: str) -> str:
    """Run code that awaits, and let it bind the script's names."""
    names = ", ".join(sorted(_bound_names(source) - {"__annotations__"}))
    first = f"    global {names}\n" if names else ""
    call = "event_loop.run_until_complete("
    body = textwrap.indent(source, "    ")
    function = f"async def _cell():\n{first}{body}"
    if _is_indentable(source, body) and _compile(function):
        return f"{function}\n\n\n{call}_cell())"
    flag = f"flags={ast.PyCF_ALLOW_TOP_LEVEL_AWAIT}"
    compiled = f"compile({quote(source)}, 'cell', 'exec', {flag})"
    return f"_cell = eval({compiled})\nif _cell is not None:\n    {call}_cell)"


def _print_last(source: str) -> str:
    """Print the last expression, which a notebook shows by itself."""
    statements = parse(source)
    if not statements or not isinstance(last := statements[-1], ast.Expr):
        return source
    lines = source.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: last.lineno - 1])) + last.col_offset
    above = sum(map(len, lines[: (last.end_lineno or 1) - 1]))
    end = above + (last.end_col_offset or 0)
    data = source.encode()
    text = data[start:end].decode()
    # A tuple without parentheses would become several arguments.
    match parse(call := f"print({text})"):
        case [ast.Expr(ast.Call(args=[_]))]:
            pass
        case _:
            call = f"print(({text}))"
    return data[:start].decode() + call + data[end:].decode()


def _expect_error(source: str) -> str:
    """Go on after an error, and print it."""
    return (
        f"try:\n{_indent(source)}\nexcept (Exception, SystemExit) as _error:\n"
        '    print(f"{type(_error).__name__}: {_error}")'
    )


def _indent(source: str) -> str:
    """Return code for inside of a block, whatever is in its strings."""
    body = textwrap.indent(source, "    ")
    if _is_indentable(source, body):
        return body
    return f"    exec({quote(source + chr(10))})"


def _is_indentable(source: str, body: str) -> bool:
    """Say whether code is Python, and the same when it is indented."""
    inside = [ast.dump(node) for node in parse(f"if 1:\n{body}")]
    plain = ast.If(ast.Constant(1), parse(source), [])
    return inside == [ast.dump(plain)] and _compile(source) is not None


def _shows(source: str) -> bool:
    """Say whether code shows its figures itself."""
    calls = [
        n.func
        for t in parse(source)
        for n in ast.walk(t)
        if isinstance(n, ast.Call)
    ]
    return any(getattr(func, "attr", "") == "show" for func in calls)
