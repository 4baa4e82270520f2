"""The rules of the dialect that a book can switch off, and which it does.

In `_config.yml`: ``sphinx: {config: {booktools_rules: {heading-label:
false}}}``; in the front matter of a chapter: ``rules: {heading-label:
false}``.  What would make a wrong page or module is no such rule.
"""

from collections.abc import Callable, Mapping, Set
from typing import Any, NamedTuple

from booktools.problem import Problem
from booktools.source.text import line_at, mapping, meant

SETTING = "booktools_rules"
_PLACE = ("sphinx", "config", SETTING)


class Rule(NamedTuple):
    """What a rule asks for, and whether it holds where nothing is set."""

    what: str
    default: bool = True


# CONTRIBUTING.md has the same table.
RULES = {
    "unlisted-chapter": Rule("`_toc.yml` names every chapter that there is"),
    "helper-order": Rule("code uses a helper only below where it is saved"),
    "unsaved-helper": Rule("what code takes from the package is saved there"),
    "heading-label": Rule("each heading of a chapter has a label"),
    "second-title": Rule("a chapter has one title: `# TITLE`"),
    "lost-table": Rule("lines with bars are a table"),
    "alt-text": Rule("each picture has a text for who cannot see it"),
    "directive-option": Rule("an option of a directive or cell has a colon"),
    "undefined-footnote": Rule("each `[^name]` has its text"),
    "unused-footnote": Rule("each text of a footnote has its `[^name]`"),
    "unchecked-formula": Rule("each formula with a number has a check"),
    "lost-mark": Rule("`#@save` is spelt so, and stands in a cell that runs"),
    "lost-markup": Rule("what looks like Markdown is not shown as text"),
    "empty-block": Rule("no label, formula, exercise or footnote is empty"),
}


def read_rules(text: str, config: Any, problems: list[Problem]) -> Set[str]:
    """Return the rules that hold in a book.

    Parameters
    ----------
    text : str
        What stands in `_config.yml`.
    config : Any
        What it says.
    problems : list of Problem
        To it what is wrong is added.
    """
    *above, _ = _PLACE
    for part in above:
        config = mapping(mapping(config).get(part))
    known = {name for name, rule in RULES.items() if rule.default}
    return known ^ _changes(
        *(config.get(SETTING), known, "_config.yml", problems),
        lambda *name: line_at(text, (*_PLACE, *name)),
    )


def read_own_rules(
    text: str,
    front_matter: Mapping[str, Any],
    rules: Set[str],
    path: str,
    problems: list[Problem],
) -> Set[str]:
    """Return the rules that hold in a chapter: its front matter may differ.

    Parameters
    ----------
    text : str
        The chapter's text.
    front_matter : mapping
        What its front matter says.
    rules : set of str
        The rules of the book.
    path : str
        Where the chapter comes from.
    problems : list of Problem
        To it what is wrong is added.
    """

    def line(name: str = "rules") -> int:
        lines = enumerate(text.split("\n"), 1)
        return next((i for i, text in lines if name in text), 1)

    wishes = front_matter.get("rules")
    return rules ^ _changes(wishes, rules, path, problems, line)


def _changes(
    wishes: Any,
    rules: Set[str],
    path: str,
    problems: list[Problem],
    line: Callable[..., int],
) -> Set[str]:
    """Return the rules that are on and should be off, or the other way."""
    changed = set()

    def report(line: int, what: str, hint: str) -> None:
        problems.append(Problem(path, line, "bad-config", what, hint))

    if not isinstance(wishes, dict | None):
        hint = "write NAME: false, as in {heading-label: false}"
        report(line(), f"rules are lines NAME: VALUE, not {wishes!r}", hint)
    for name, value in mapping(wishes).items():
        if name not in RULES:
            hint = meant(str(name), RULES, f"there are {', '.join(RULES)}")
            report(line(str(name)), f"there is no rule {name!r}", hint)
        elif not isinstance(value, bool):
            what = f"the rule {name} is true or false, not {value!r}"
            hint = f"to switch it off, write {name}: false"
            report(line(name), what, hint)
        elif value != (name in rules):
            changed.add(name)
    return changed
