"""What features translate texts with: `_`.

Our translations come first, then those of Sphinx; `translations` reads them.
"""

from sphinx.locale import get_translation

CATALOG = "booktools"

_ = get_translation(CATALOG)
