# Generated from chapters/add_to_own_class.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/add_to_own_class.md."""

__all__ = ["add_to_class", "Learner"]


# chapters/add_to_own_class.md, "A chapter"
def add_to_class(Class):
    """Add a function to a class as a method."""
    def wrapper(function):
        setattr(Class, function.__name__, function)
    return wrapper


# chapters/add_to_own_class.md, "A chapter"
class Learner:
    """Learns."""


# chapters/add_to_own_class.md, "A chapter"
@add_to_class(Learner)
def forward(self, X):
    """Return the input."""
    return X


# chapters/add_to_own_class.md, "A chapter"
@add_to_class(Class=Learner)
def loss(self, y_hat, y):
    """Return the difference."""
    return y_hat - y
