# Generated from chapters/future_annotations.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/future_annotations.md."""

from __future__ import annotations
import decimal

__all__ = ["Tree"]


# chapters/future_annotations.md, "A chapter"
class Tree:
    """Annotations are not evaluated."""

    def grow(self, by: decimal.Decimal) -> Tree:
        """Return itself."""
        return self
