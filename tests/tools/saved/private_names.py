# Generated from chapters/private_names.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/private_names.md."""

__all__ = ["double"]


# chapters/private_names.md, "A chapter"
_scale = 2


# chapters/private_names.md, "A chapter"
def double(x):
    """Return twice a number."""
    return _scale * x
