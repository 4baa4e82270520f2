"""Words on pages that Sphinx and the theme have not translated."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import _

from booktools.sphinxext.order import Stage, connect


def setup(app: Sphinx) -> None:
    """Fill the gaps in their catalogs from ours, if there is one."""
    language = app.config.language
    source = Path(__file__).parent / "locale" / f"{language}.po"
    if source.exists():
        with source.open("rb") as file:
            messages = read_po(file)
        folder = Path(app.doctreedir, "translations")
        target = folder / language / "LC_MESSAGES"
        target.mkdir(parents=True, exist_ok=True)
        for name in ("sphinx", "booktheme"):
            with (target / f"{name}.mo").open("wb") as file:
                write_mo(file, messages)
            app.add_message_catalog(name, str(folder))
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
