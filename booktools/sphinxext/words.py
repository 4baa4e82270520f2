"""Words on pages that Sphinx and the theme have not translated."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Fill the gaps in their catalogs from ours, if there is one."""
    language = app.config.language
    source = Path(__file__).parent / "locale" / f"{language}.po"
    if source.exists():
        with source.open("rb") as file:
            messages = read_po(file)
        folder = Path(app.doctreedir, "words")
        target = folder / language / "LC_MESSAGES"
        target.mkdir(parents=True, exist_ok=True)
        for name in ("sphinx", "booktheme"):
            with (target / f"{name}.mo").open("wb") as file:
                write_mo(file, messages)
            app.add_message_catalog(name, str(folder))
    # After the theme has made its buttons.
    app.connect("html-page-context", _translate_buttons, priority=700)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _translate_buttons(
    app: Sphinx, page: str, _: str, context: dict[str, Any], __: Any
) -> None:
    """Translate the names of groups; the theme translates all others."""
    for button in context.get("header_buttons", []):
        if "tooltip" in button:
            button["tooltip"] = context["translate"](button["tooltip"])
