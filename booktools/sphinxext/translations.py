"""Texts on pages in the language of the book: ours, and gaps of others."""

from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import _, get_translator

from booktools.language import load_language
from booktools.problem import BookError
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.stopping import stop
from booktools.sphinxext.texts import CATALOG


def setup(app: Sphinx) -> None:
    """Let pages use our translations; fill gaps of Sphinx and the theme."""
    code = app.config.language
    try:
        language = load_language(code, Path(app.srcdir))
    except BookError as error:
        stop(error.problems)
    messages = Catalog()
    for text, translated in language.texts.items():
        messages.add(text, translated)
    folder = Path(app.doctreedir, "translations")
    target = folder / code / "LC_MESSAGES"
    target.mkdir(parents=True, exist_ok=True)
    for name in (CATALOG, "sphinx", "booktheme"):
        with (target / f"{name}.mo").open("wb") as file:
            write_mo(file, messages)
        app.add_message_catalog(name, str(folder))
    get_translator(CATALOG).add_fallback(get_translator())
    connect(app, Stage.SETTINGS, _name_prompts)
    connect(app, Stage.FILLED_IN, _translate_prompts)
    connect(app, Stage.BUTTONS, _translate_buttons)


def _name_prompts(app: Sphinx, config: Config) -> None:
    """Translate the lines that unfold parts of cells."""
    for name in ("nb_code_prompt_show", "nb_code_prompt_hide"):
        config[name] = _(config[name])


def _translate_prompts(app: Sphinx, doctree: Any, docname: str) -> None:
    """Translate the names of those parts."""
    for node in doctree.findall(HideCodeCellNode):
        for name in ("prompt_show", "prompt_hide"):
            for word in ("content", "source", "outputs", "output"):
                node[name] = node[name].replace(word, _(word))


def _translate_buttons(
    app: Sphinx, page: str, template: str, context: dict[str, Any], __: Any
) -> None:
    """Translate the names of groups; the theme translates all others."""
    # What stands on such a line says what it does; this would hide it.
    if "body" in context:
        context["body"] = context["body"].replace(
            '<summary aria-label="Toggle hidden content">', "<summary>"
        )
    for button in context.get("header_buttons", []):
        if "tooltip" in button:
            button["tooltip"] = context["translate"](button["tooltip"])
