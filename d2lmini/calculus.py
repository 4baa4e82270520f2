# Generated from chapters/calculus.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/calculus.md: 微积分."""

import itertools
import numpy as np
import sys
from matplotlib.scale import get_scale_names

__all__ = [
    "plt",
    "numerical_lim",
    "use_svg_display",
    "set_figsize",
    "set_axes",
    "to_array",
    "as_curves",
    "plot",
    "type_as",
    "numerical_gradient",
    "check_gradient",
]


# chapters/calculus.md#sec-derivative
from matplotlib import pyplot as plt


# chapters/calculus.md#sec-derivative
def numerical_lim(f, x, h):
    """Difference quotient of f between x and x + h.

    Parameters
    ----------
    f : callable
        Function of one number.
    x, h : float
        The point, and the step away from it; h is not zero.
    """
    return (f(x + h) - f(x)) / h


# chapters/calculus.md#sec-plotting
def use_svg_display():
    """Show figures as SVG in Jupyter; do nothing anywhere else."""
    ipython = sys.modules.get('IPython')
    if ipython is not None and ipython.get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
        set_matplotlib_formats('svg')


# chapters/calculus.md#sec-plotting
def set_figsize(figsize=(3.5, 2.5)):
    """Set the size of new figures.

    Parameters
    ----------
    figsize : (float, float)
        Width and height in inches.
    """
    use_svg_display()
    plt.rcParams['figure.figsize'] = figsize


# chapters/calculus.md#sec-plotting
def set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend):
    """Set labels, scales, limits and legend of a pair of axes, and a grid.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    xlabel, ylabel : str or None
    xlim, ylim : (float, float) or None
        Smallest and largest value shown; None leaves it to Matplotlib.
    xscale, yscale : str
        'linear', 'log', or another scale that Matplotlib knows.
    legend : list of str, or None
        One name for each curve.
    """
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_xscale(xscale)
    axes.set_yscale(yscale)
    axes.set_xlim(xlim)
    axes.set_ylim(ylim)
    if legend:
        axes.legend(legend)
    axes.grid()


# chapters/calculus.md#sec-plotting
def to_array(data):
    """Turn numbers, sequences or PyTorch tensors into a NumPy array."""
    # A tensor on a computational graph refuses to become an array by itself.
    return np.asarray(data.detach().tolist() if hasattr(data, 'detach')
                      else data)


# chapters/calculus.md#sec-plotting
def as_curves(data):
    """Turn one curve or several into a list of one-dimensional arrays.

    Parameters
    ----------
    data : sequence
        Numbers (one curve), or sequences of numbers (one curve each).

    Returns
    -------
    list of ndarray, each of shape (number of points,)
    """
    if hasattr(data, 'detach'):
        data = to_array(data)
    if np.isscalar(data) or getattr(data, 'ndim', 1) == 0:
        raise ValueError(f'a curve needs a list of numbers, got {data!r}')
    curves = [to_array(item) for item in data]
    if all(curve.ndim == 0 for curve in curves):
        return [np.array(curves)]
    for i, curve in enumerate(curves, start=1):
        if curve.ndim != 1:
            raise ValueError(f'curve {i}: expected one axis, got shape '
                             f'{curve.shape}')
    return curves


# chapters/calculus.md#sec-plotting
def plot(X, Y=None, xlabel=None, ylabel=None, legend=None, xlim=None,
         ylim=None, xscale='linear', yscale='linear',
         fmts=('-', 'm--', 'g-.', 'r:'), figsize=(3.5, 2.5), axes=None):
    """Plot one curve or several.

    Parameters
    ----------
    X, Y : sequence of numbers, or of such sequences
        Without Y, X is drawn over 0, 1, 2, ...; one x serves all y.
    fmts : sequence of str
        Line formats, used in turn.
    figsize : (float, float)
        Width and height in inches, for new figures.
    axes : matplotlib.axes.Axes, optional
        Where to draw; the current axes by default. They are cleared first.

    Raises
    ------
    ValueError
        For an empty curve, lengths that differ, or an unknown scale.

    Notes
    -----
    The other parameters are those of `set_axes`.
    """
    if Y is None:
        Y = as_curves(X)
        X = [np.arange(len(y)) for y in Y]
    else:
        X, Y = as_curves(X), as_curves(Y)
        if len(X) == 1:
            X = X * len(Y)
    if len(X) != len(Y):
        raise ValueError(f'X has {len(X)} curves, Y has {len(Y)}')
    for i, (x, y) in enumerate(zip(X, Y), start=1):
        if len(x) != len(y) or len(x) == 0:
            raise ValueError(f'curve {i}: x has {len(x)} values, '
                             f'y has {len(y)}')
    for scale in (xscale, yscale):
        if isinstance(scale, str) and scale not in get_scale_names():
            raise ValueError(f'unknown scale {scale!r}; choose from '
                             f'{", ".join(get_scale_names())}')

    set_figsize(figsize)
    axes = plt.gca() if axes is None else axes
    axes.cla()
    for x, y, fmt in zip(X, Y, itertools.cycle(fmts)):
        axes.plot(x, y, fmt)
    set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend)


# chapters/calculus.md#sec-gradient
def type_as(array, x):
    """Turn a float array into a tensor where x is one; else leave it."""
    if hasattr(x, 'detach'):
        return x.detach().double().new_tensor(array)
    return array


# chapters/calculus.md#sec-gradient
def numerical_gradient(f, x, h=None):
    """Approximate the gradient of a scalar function by central differences.

    Parameters
    ----------
    f : callable
        Takes what x is (array or tensor, in double precision) and returns
        one number.
    x : array_like or torch.Tensor, any shape
        The point.
    h : float, optional
        Step; by default the cube root of the machine epsilon (6e-6), times
        ``max(1, abs(x))`` for each component.

    Returns
    -------
    ndarray or torch.Tensor, the shape of x

    Raises
    ------
    ValueError
        If f returns more than one number.
    """
    def value(point):
        result = to_array(f(type_as(point, x)))
        if result.size != 1:
            raise ValueError('f must return one number, got shape '
                             f'{result.shape}')
        return result.item()

    point = to_array(x).astype(float)
    if h is None:
        h = np.cbrt(np.finfo(float).eps) * np.maximum(1, abs(point))
    steps = np.broadcast_to(h, point.shape)
    gradient = np.empty_like(point)
    for i in np.ndindex(point.shape):
        ahead, behind = point.copy(), point.copy()
        ahead[i] += steps[i]
        behind[i] -= steps[i]
        gradient[i] = (value(ahead) - value(behind)) / (ahead[i] - behind[i])
    return type_as(gradient, x)


# chapters/calculus.md#sec-check-gradient
def check_gradient(f, grad_f, x):
    """Tell whether a gradient worked out by hand is right, and where not.

    Parameters
    ----------
    f : callable
        Takes what x is and returns one number.
    grad_f : callable
        The gradient to check; takes what x is, returns the shape of x.
    x : array_like or torch.Tensor, any shape
        A point where f is differentiable.

    Returns
    -------
    bool
        Whether every component agrees with `numerical_gradient` to about
        five digits. The result is printed too, with what differs.
    """
    x = type_as(to_array(x).astype(float), x)
    yours, numeric = to_array(grad_f(x)), to_array(numerical_gradient(f, x))
    if yours.shape != numeric.shape:
        print(f'wrong: your gradient has shape {yours.shape}, '
              f'x has shape {numeric.shape}')
        return False
    # The second tolerance is the rounding error of the difference itself.
    tolerance = 1e-7 + 1e-9 * abs(to_array(f(x)).item())
    right = np.isclose(yours, numeric, rtol=1e-5, atol=tolerance)
    for i in np.argwhere(~right):
        print(f'wrong: component {i.tolist()} is {yours[tuple(i)]:.6g}, '
              f'should be about {numeric[tuple(i)]:.6g}')
    if right.all():
        print('right: all components agree with the numerical gradient')
    return bool(right.all())
