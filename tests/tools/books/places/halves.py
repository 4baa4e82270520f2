"""A file of the book that chapters import."""


def half(x):
    return x / 2
