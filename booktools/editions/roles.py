"""A role and its text -> what of it is shown, and what it names."""

# Roles that name a place or a formula; the names are no prose, but that of a
# term is shown.
_REFERENCES = {"doc", "download", "eq", "numref", "ref", "term"}
# Other roles in which no language is written; nor is it in `cite:t`, say.
_NAMES = {
    *("any", "cite", "code", "command", "envvar", "eval", "file", "kbd"),
    *("literal", "option", "program", "regexp", "samp"),
}


def read_role(role: str, text: str) -> tuple[str, str]:
    """Return what is prose in a role, and what it refers to, or nothing."""
    shown, _, target = text.rpartition("<")
    target = target.removesuffix(">") if shown else text
    if role in _REFERENCES:
        shown = shown or text if role == "term" else shown
        return shown, target.strip().lstrip("!~")
    is_prose = not (shown or role in _NAMES or ":" in role)
    return text if is_prose else shown, ""
