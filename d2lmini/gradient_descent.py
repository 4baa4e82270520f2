# Generated from chapters/gradient_descent.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/gradient_descent.md."""

import d2lmini as d2l
import numpy as np
import torch

__all__ = ["train_2d", "show_trace_2d", "annotate"]


# chapters/gradient_descent.md#sec-trace
def train_2d(trainer, steps=20, f_grad=None):
    """Walk over a landscape of two variables, by a rule of one's own.

    Parameters
    ----------
    trainer : callable
        Makes one step: takes x1, x2 and two numbers that it may use as it
        likes, and f_grad where there is one; returns the four new values.
    steps : int
        How many steps; not negative.
    f_grad : callable, optional
        The gradient, for the trainer to use.

    Returns
    -------
    list of (number, number)
        The places x1, x2, from the start (-5, -2) on; one more than steps.
        How many steps were made, and the last place, are printed as well.

    Raises
    ------
    ValueError
        If steps is negative.
    """
    if steps < 0:
        raise ValueError(f'steps must not be negative, got {steps!r:.60}')
    x1, x2, s1, s2 = -5, -2, 0, 0
    results = [(x1, x2)]
    for _ in range(steps):
        given = (x1, x2, s1, s2) if f_grad is None else (x1, x2, s1, s2,
                                                         f_grad)
        x1, x2, s1, s2 = trainer(*given)
        results.append((x1, x2))
    print(f'epoch {steps}, x1: {float(x1):f}, x2: {float(x2):f}')
    return results


# chapters/gradient_descent.md#sec-trace
def show_trace_2d(f, results):
    """Draw a walk on the contour lines of the landscape.

    Parameters
    ----------
    f : callable
        The landscape: takes two tensors, shape (100, 100), x1 and x2, and
        returns the heights in the same shape.
    results : sequence of (number, number)
        The places, as `train_2d` returns them; all of them finite.

    Raises
    ------
    ValueError
        If there is no place, or some are no finite numbers, or f returns
        another shape.
    """
    places = np.array([[d2l.to_array(number).item() for number in place]
                       for place in results], dtype=float)
    if places.shape[1:] != (2,) or not np.isfinite(places).all():
        raise ValueError('results needs pairs of finite numbers, '
                         f'got {results!r:.60}')
    # Wide enough for the usual walk, and for all of this one.
    low = np.minimum(places.min(axis=0) - 0.5, (-5.5, -3))
    high = np.maximum(places.max(axis=0) + 0.5, (1, 1))
    sides = [torch.linspace(a, b, 100, dtype=torch.float64)
             for a, b in zip(low, high)]
    x1, x2 = torch.meshgrid(*sides, indexing='xy')
    heights = d2l.to_array(f(x1, x2))
    if heights.shape != x1.shape:
        raise ValueError(f'f must return the shape {tuple(x1.shape)}, '
                         f'got {heights.shape}')
    d2l.plot(*places.T, 'x1', 'x2', fmts=['C1o-'], xlim=(low[0], high[0]),
             ylim=(low[1], high[1]))
    d2l.plt.contour(x1, x2, heights, colors='C0', linewidths=0.8)


# chapters/gradient_descent.md#sec-trace
def annotate(text, xy, xytext):
    """Write a text into the current figure, with an arrow from it.

    Parameters
    ----------
    text : str
    xy, xytext : (float, float)
        Where the arrow ends, and where the text stands.

    Raises
    ------
    ValueError
        If a place is not made of two finite numbers.
    """
    for place in (xy, xytext):
        numbers = d2l.to_array(place)
        if numbers.shape != (2,) or not np.isfinite(numbers).all():
            raise ValueError('a place needs two finite numbers, '
                             f'got {place!r:.60}')
    d2l.plt.gca().annotate(text, xy, xytext,
                           arrowprops={'arrowstyle': '->'})
