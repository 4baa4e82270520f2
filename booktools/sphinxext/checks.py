"""`{check} LABEL`: code that tests the formula above it, one line on a page.

It has run before the page is read (see ``execution``).
"""

from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

SUMMARY = "✓ 已用代码检验"


class check(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """The code of a check."""


class Check(SphinxDirective):
    """The directive."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the code, folded."""
        source = "\n".join(self.content)
        code = nodes.literal_block(source, source, language="python")
        node = check("", code)
        self.set_source_info(node)
        self.set_source_info(code)
        return [node]


class DropChecks(SphinxPostTransform):
    """Leaves checks out of everything that cannot fold them."""

    default_priority = 0

    def run(self, **_: Any) -> None:
        """Remove the nodes."""
        if self.app.builder.format != "html":
            for node in list(self.document.findall(check)):
                node.parent.remove(node)


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_node(check, html=(_open, _close))
    app.add_directive("check", Check)
    app.add_post_transform(DropChecks)
    app.add_css_file("checks.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _open(self: HTML5Translator, node: check) -> None:
    self.body.append(f'<details class="check"><summary>{SUMMARY}</summary>\n')


def _close(self: HTML5Translator, node: check) -> None:
    self.body.append("</details>\n")
