# Generated from chapters/private_only.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/private_only.md."""

__all__ = []


# chapters/private_only.md, "A chapter"
_a = 1
