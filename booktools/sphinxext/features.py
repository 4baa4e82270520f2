"""Which features a book can do without: they are switched off in its settings.

``sphinx: {config: {booktools_features: {search: false}}}``.  What each is, and
what a book is like without it, says `booktools/README.md`.
"""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from booktools.problem import Problem
from booktools.source.config import CONFIG, FEATURES, is_off
from booktools.source.text import line_at, mapping
from booktools.sphinxext.problems import directive, report

# Each with those that have to be on where it is on.
OPTIONAL: dict[str, tuple[str, ...]] = {
    "checks": (),
    "notebooks": (),
    "copying": (),
    "formulas": (),
    "highlighting": (),
    "tooltips": (),
    "saved_names": (),
    "guesses": (),
    "exercises": (),
    "slides": (),
    "touch": (),
    "figures": (),
    "progress": (),
    "launch": (),
    "search": (),
    "filters": (),
    # What shows formulas otherwise comes from elsewhere.
    "csp": ("formulas",),
    # Names what the policy would block.
    "boundaries": ("csp",),
    "previews": (),
    "page_weight": (),
}


def setup(app: Sphinx) -> None:
    """Add the setting."""
    app.add_config_value(FEATURES, None, "env")


def is_on(app: Sphinx, name: str) -> bool:
    """Say whether a book has a feature."""
    return not is_off(getattr(app.config, FEATURES), name)


def find_misfits(text: str, config: Any) -> Iterator[Problem]:
    """Yield what is wrong with the features in `_config.yml`.

    Parameters
    ----------
    text : str
        The file.
    config : object
        Its content.
    """
    place = ("sphinx", "config", FEATURES)
    features = mapping(mapping(config.get("sphinx")).get("config")).get(
        FEATURES
    )

    def problem(what: str, hint: str, *name: str) -> Problem:
        line = line_at(text, (*place, *name))
        return Problem(CONFIG, line, "setting", what, hint)

    if features is None:
        return
    if not isinstance(features, Mapping):
        what = f"{FEATURES} should be lines NAME: false"
        yield problem(what, "write, say, search: false")
        return
    for name, value in features.items():
        if name not in OPTIONAL:
            close = difflib.get_close_matches(str(name), OPTIONAL, 1)
            hint = f"there are {', '.join(OPTIONAL)}"
            hint = f"did you mean {close[0]}?" if close else hint
            what = f"there is no feature {name!r} to switch off"
            yield problem(what, hint, str(name))
        elif not isinstance(value, bool):
            what = f"{name} should be true or false, not {str(value)[:40]!r}"
            yield problem(what, f"write {name}: false", name)
    # Feature that is off -> the one that the author has switched off.
    off = {name: name for name in OPTIONAL if is_off(features, name)}
    for name, needs in OPTIONAL.items():
        for other in needs:
            if other in off and name not in off:
                off[name] = off[other]
                what = f"{name} needs {other}, which is off"
                what += ", too, then" if off[other] != other else ""
                yield problem(what, f"write {name}: false, too", off[other])


class Refused(SphinxDirective):
    """A directive of a feature that is off."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    feature = ""

    def run(self) -> list[nodes.Node]:
        """Report that there is no such thing in this book."""
        node = nodes.comment()
        self.set_source_info(node)
        path, line = directive(self.env.app, node, f"{{{self.name}}}")
        what = (
            f"{{{self.name}}} is of the feature {self.feature}, which is off"
        )
        hint = f"take it out, or {self.feature}: false out of {CONFIG}"
        report(self.env.app, Problem(path, line, "feature", what, hint))
        return []


def refuse(app: Sphinx, name: str, feature: str) -> None:
    """Add a directive of a feature that is off, which nobody can use."""
    app.add_directive(name, type("", (Refused,), {"feature": feature}))
