# Generated from chapters/long_all.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/long_all.md."""

__all__ = [
    "a_function_with_a_long_name_0",
    "a_function_with_a_long_name_1",
    "a_function_with_a_long_name_2",
    "a_function_with_a_long_name_3",
]


# chapters/long_all.md, "A chapter"
def a_function_with_a_long_name_0():
    """Do nothing."""


# chapters/long_all.md, "A chapter"
def a_function_with_a_long_name_1():
    """Do nothing."""


# chapters/long_all.md, "A chapter"
def a_function_with_a_long_name_2():
    """Do nothing."""


# chapters/long_all.md, "A chapter"
def a_function_with_a_long_name_3():
    """Do nothing."""
