"""Code that asks which tab of D2L is selected -> the code of one tab."""

import ast


def select(source: str, tab: str) -> str:
    """Keep, where code asks for the tab, the branch of this one."""
    while True:
        try:
            tree = ast.parse(source)
        except SyntaxError:  # magics, or a mistake that Python explains better
            return source
        for node in ast.walk(tree):
            if isinstance(node, ast.If):
                answer = _truth(node.test, tab)
                if answer is not None:
                    source = _keep(source, node, answer)
                    break
        else:
            return source


def _truth(test: ast.expr, tab: str) -> bool | None:
    """Return what `tab.selected('a', 'b')` and the like are, if known."""
    match test:
        case ast.Call(
            func=ast.Attribute(value=ast.Name("tab"), attr="selected"),
            args=args,
        ):
            return tab in [
                a.value for a in args if isinstance(a, ast.Constant)
            ]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            answer = _truth(operand, tab)
            return None if answer is None else not answer
        case ast.BoolOp(op=op, values=values):
            answers = {_truth(value, tab) for value in values}
            decisive = isinstance(op, ast.Or)
            if decisive in answers:
                return decisive
            return None if None in answers else not decisive
    return None


def _keep(source: str, node: ast.If, is_true: bool) -> str:
    """Put one branch of a statement into its place."""
    lines = source.split("\n")
    kept = node.body if is_true else node.orelse
    indent = " " * node.col_offset
    body: list[str] = []
    if kept and _is_elif(kept[0], lines):
        body = lines[kept[0].lineno - 1 : kept[0].end_lineno]
        if not _is_elif(node, lines):
            body[0] = body[0].replace("elif", "if", 1)
    elif kept and _is_elif(node, lines):
        body = [
            f"{indent}else:",
            *_indented(lines, node, kept, indent + "    "),
        ]
    elif kept:
        body = _indented(lines, node, kept, indent)
    lines[node.lineno - 1 : node.end_lineno] = body
    return "\n".join(lines)


def _is_elif(node: ast.stmt, lines: list[str]) -> bool:
    line = lines[node.lineno - 1].lstrip()
    return isinstance(node, ast.If) and line.startswith("elif")


def _indented(
    lines: list[str], node: ast.If, kept: list[ast.stmt], indent: str
) -> list[str]:
    """Return the lines of a branch of a statement, with another indent."""
    parts = [kept[0], *getattr(kept[0], "decorator_list", [])]
    first = min(part.lineno for part in parts) - 1
    # Python counts bytes.
    head = lines[first].encode()[: kept[0].col_offset].decode()
    body = lines[first : kept[-1].end_lineno]
    if head.strip():  # all of it is behind a colon
        body[0] = body[0].removeprefix(head)
    # Comments above belong to the branch.
    while (
        not head.strip()
        and first > node.lineno
        and lines[first - 1].lstrip()[:1] == "#"
    ):
        first -= 1
        body.insert(0, lines[first])
    # In a string of several lines, some may have less space than the code.
    depths = [min(len(head), len(t) - len(t.lstrip())) for t in body]
    return [
        indent + text[depth:] if text.strip() else text
        for text, depth in zip(body, depths, strict=True)
    ]
