# Generated from chapters/calculus.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/calculus.md."""

import io
import itertools
import json
import numpy as np
import os
import sys
import warnings
from importlib.util import find_spec
from matplotlib.colors import to_hex
from matplotlib.scale import get_scale_names
from matplotlib.transforms import Bbox
from numbers import Real

__all__ = [
    "plt",
    "numerical_lim",
    "use_svg_display",
    "to_array",
    "as_curves",
    "set_figsize",
    "check_axes",
    "set_axes",
    "plot",
    "short_text",
    "draw_frame",
    "to_svg",
    "Slide",
    "slide",
    "to_point",
    "type_as",
    "numerical_gradient",
    "slope_between",
    "check_gradient",
    "touch",
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
    return (f(x + h) - f(x + 0)) / h


# chapters/calculus.md#sec-plotting
def use_svg_display():
    """Show figures as SVG in Jupyter; do nothing anywhere else."""
    ipython = sys.modules.get('IPython')
    if ipython is not None and ipython.get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
        set_matplotlib_formats('svg')


# chapters/calculus.md#sec-plotting
def to_array(data):
    """Copy numbers, sequences or PyTorch tensors into a NumPy array.

    Raises
    ------
    ValueError
        If something is not a real number.
    """
    if np.ma.is_masked(data):
        data = data.astype(float).filled(np.nan)
    # A tensor on a computational graph refuses to become an array by itself.
    array = np.array(data.detach().tolist() if hasattr(data, 'detach')
                     else data)
    if array.dtype == object and all(isinstance(n, Real) for n in array.flat):
        array = array.astype(float)  # fractions, or integers of many digits
    if array.dtype.kind not in 'biuf':
        raise ValueError(f'expected real numbers, got {data!r:.60}')
    return array


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
    if (not hasattr(data, '__iter__') or getattr(data, 'ndim', 1) == 0
            or isinstance(data, (str, bytes, set, dict))):
        raise ValueError(f'a curve needs a list of numbers, got {data!r:.60}')
    curves = [to_array(item) for item in data]
    if all(curve.ndim == 0 for curve in curves):
        return [np.array(curves)]
    for i, curve in enumerate(curves, start=1):
        if curve.ndim != 1:
            raise ValueError(f'curve {i}: expected one axis, got shape '
                             f'{curve.shape}')
    return curves


# chapters/calculus.md#sec-plotting
def set_figsize(figsize=(3.5, 2.5)):
    """Set the size of new figures.

    Parameters
    ----------
    figsize : (float, float)
        Width and height in inches.
    """
    size = to_array(figsize)
    if size.shape != (2,) or not (size > 0).all() or np.isinf(size).any():
        raise ValueError('figsize needs two positive numbers, '
                         f'got {figsize!r:.60}')
    use_svg_display()
    plt.rcParams['figure.figsize'] = size.tolist()


# chapters/calculus.md#sec-plotting
def check_axes(axes):
    """Refuse what are no Matplotlib axes, or are on no figure any more."""
    if not isinstance(axes, plt.Axes) or axes.figure is None:
        raise ValueError(f'axes must be Matplotlib axes, got {axes!r:.60}')


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

    Raises
    ------
    ValueError
        If one of them is something else; then nothing was set.
    """
    check_axes(axes)
    for scale in (xscale, yscale):
        if scale not in get_scale_names():
            raise ValueError(f'unknown scale {scale!r}; choose from '
                             f'{", ".join(get_scale_names())}')
    pairs = [None if limits is None else to_array(limits)
             for limits in (xlim, ylim)]
    for pair in pairs:
        if pair is not None and not (pair.shape == (2,)
                                     and np.isfinite(pair).all()):
            raise ValueError('limits need two finite numbers, '
                             f'got {pair.tolist()}')
    names = () if legend is None else legend
    if isinstance(names, str) or not hasattr(names, '__len__'):
        raise ValueError(f'legend needs a list of names, got {legend!r:.60}')

    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_xscale(xscale)
    axes.set_yscale(yscale)
    axes.set_xlim(pairs[0])
    axes.set_ylim(pairs[1])
    if len(names) > 0:
        axes.legend(list(names))
    axes.grid()


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
        Width and height in inches, should a new figure be needed.
    axes : matplotlib.axes.Axes, optional
        Where to draw; the current axes by default. They are cleared first.

    Raises
    ------
    ValueError
        For an empty curve, lengths that differ, an unknown scale, or
        another parameter that is not as said; then nothing was drawn.

    Notes
    -----
    The other parameters are those of `set_axes`.
    """
    def draw(axes):
        for x, y, fmt in zip(X, Y, itertools.cycle(formats)):
            axes.plot(x, y, fmt)
        set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend)

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
    several = np.iterable(fmts) and not isinstance(fmts, str)
    formats = list(fmts) if several else [fmts]
    if not formats or not all(isinstance(fmt, str) for fmt in formats):
        raise ValueError(f'fmts needs line formats, got {fmts!r:.60}')
    if axes is not None:
        check_axes(axes)

    paper = plt.Figure()
    draw(paper.gca())
    with warnings.catch_warnings(action='ignore'):
        paper.draw_without_rendering()
    size_before = plt.rcParams['figure.figsize']
    set_figsize(figsize)
    try:
        axes = plt.gca() if axes is None else axes
    finally:
        plt.rcParams['figure.figsize'] = size_before
    axes.cla()
    draw(axes)


# chapters/calculus.md#sec-moving
def short_text(value):
    """Return the text for a value; a float has six digits at most.

    Raises
    ------
    ValueError
        If it is empty, or longer than 40 characters.
    """
    is_float = isinstance(value, (float, np.floating))
    text = f'{value:g}' if is_float else str(value)
    if not 0 < len(text) <= 40:
        raise ValueError(f'a value needs a short text, got {text!r:.60}')
    return text


# chapters/calculus.md#sec-moving
def draw_frame(draw, values, figsize=(3.5, 2.5)):
    """Draw one frame of a figure that moves.

    Parameters
    ----------
    draw : callable
        It gets the values by name, draws, and may return a text.
    values : dict
        The value of each parameter, by name.
    figsize : (float, float)
        Width and height in inches, unless `draw` makes a figure itself.

    Returns
    -------
    (matplotlib.figure.Figure, str)
        The figure, and the text that belongs to it.

    Raises
    ------
    ValueError
        If there is nothing in the figure.
    """
    kept = set(plt.get_fignums())
    plt.figure(figsize=figsize)
    try:
        text = draw(**values)
        figure = plt.gcf()
        if figure.number in kept or not any(
                axes.has_data() or axes.texts for axes in figure.axes):
            raise ValueError(f'draw has drawn nothing for {values!r:.60} in a '
                             'figure that stays open and is its own (it may '
                             'not call plt.show or plt.close)')
        kept.add(figure.number)
    finally:
        for number in set(plt.get_fignums()) - kept:
            plt.close(number)
    return figure, '' if text is None else str(text)


# chapters/calculus.md#sec-moving
def to_svg(figures):
    """Turn figures into SVG texts, all of the same size.

    Parameters
    ----------
    figures : sequence of matplotlib.figure.Figure

    Returns
    -------
    list of str
    """
    for figure in figures:
        # Only drawing moves what is laid out by itself to its place.
        if figure.get_layout_engine() is not None:
            figure.draw_without_rendering()
    box = Bbox.union([figure.get_tightbbox() for figure in figures])
    texts = []
    for figure in figures:
        file = io.StringIO()
        figure.savefig(file, format='svg', bbox_inches=box.padded(0.1))
        texts.append(file.getvalue())
    return texts


# chapters/calculus.md#sec-moving
class Slide:
    """A figure that moves: its frames, and the ways to show them.

    Parameters
    ----------
    draw, values, start, static, figsize
        As for `slide`; `values` is a dict.

    Attributes
    ----------
    labels : dict
        The texts of the values of each parameter, by name.
    rows : list of tuple of str
        For each frame, the text of each parameter.
    first : int
        Which frame to begin with.
    static : list of int
        Which frames to show where nothing moves.
    """

    def __init__(self, draw, values, start=None, static=None,
                 figsize=(3.5, 2.5)):
        values = dict(values)
        if len(values) not in (1, 2):
            raise TypeError('slide needs one parameter or two, each with a '
                            f'list of values, got {len(values)}')
        self.draw = draw
        self.figsize = figsize
        self.values = {}
        self.labels = {}
        for name, choices in values.items():
            self.add_parameter(name, choices)
        self.rows = list(itertools.product(*self.labels.values()))
        if len(self.rows) > 300:
            raise ValueError('more than 300 frames')
        self.first = 0 if start is None else self.find(start)
        if static is None:
            static = self.first_middle_last()
        # Each of them once, in the order in which they are named.
        self.static = list(dict.fromkeys(map(self.find, static)))

    def add_parameter(self, name, choices):
        """Add a parameter, with the values that it can have."""
        if isinstance(choices, (str, bytes)) or not np.iterable(choices):
            raise ValueError(f'{name} needs a list, got {choices!r:.60}')
        # One value more than there may be frames; a list can be endless.
        self.values[name] = list(itertools.islice(choices, 301))
        self.labels[name] = [short_text(v) for v in self.values[name]]
        if not self.labels[name]:
            raise ValueError(f'{name} has no values')
        if len(set(self.labels[name])) < len(self.labels[name]):
            raise ValueError(f'two values of {name} have the same text')

    def find(self, choice):
        """Return which frame has a value, or a pair of two parameters."""
        row = [choice] if len(self.labels) == 1 else choice
        row = tuple(map(short_text, row)) if np.iterable(row) else ()
        if row not in self.rows:
            raise ValueError(f'there is no frame for {choice!r:.60}')
        return self.rows.index(row)

    def first_middle_last(self):
        """Return three values, or pairs of values, from end to end."""
        some = [[v[0], v[len(v) // 2], v[-1]] for v in self.values.values()]
        return some[0] if len(some) == 1 else list(zip(*some))

    def frame(self, row):
        """Draw one frame; return the figure and its text."""
        values = {name: self.values[name][self.labels[name].index(label)]
                  for name, label in zip(self.labels, row)}
        return draw_frame(self.draw, values, self.figsize)

    def show_on_page(self, play):
        """Give all frames to the book that is being built."""
        from IPython.display import display
        figures, texts = [], []
        for row in self.rows:
            figure, text = self.frame(row)
            plt.close(figure)
            figures.append(figure)
            texts.append(text)
        drawings = to_svg(figures)
        moving = {
            'parameters': [{'name': name, 'labels': labels}
                           for name, labels in self.labels.items()],
            'frames': [{'svg': svg, 'text': text}
                       for svg, text in zip(drawings, texts)],
            'start': self.first, 'static': self.static, 'play': bool(play)}
        display({'image/svg+xml': drawings[self.first]}, raw=True,
                metadata={'slide': moving})

    def show_sliders(self):
        """Show sliders in a notebook, and the frame that they are set to."""
        import ipywidgets as widgets
        def show(**chosen):
            text = self.frame(tuple(chosen.values()))[1]
            if text:
                print(text)

        sliders = {
            name: widgets.SelectionSlider(options=labels, value=label)
            for (name, labels), label in zip(self.labels.items(),
                                             self.rows[self.first])}
        widgets.interact(show, **sliders)

    def show_some(self):
        """Show a few frames, each with the values that it is for."""
        for row in (self.rows[i] for i in self.static):
            figure, text = self.frame(row)
            names = [f'{name} = {label}'
                     for name, label in zip(self.labels, row)]
            figure.suptitle('\n'.join([', '.join(names), text]).strip())
            figure.set_layout_engine('constrained')


# chapters/calculus.md#sec-moving
def slide(draw, start=None, static=None, play=False, figsize=(3.5, 2.5),
          **values):
    """Show a figure that moves: a frame for each value of a parameter.

    Parameters
    ----------
    draw : callable
        Draws one frame with Matplotlib. It gets one value of each parameter
        by name, and may return a text that belongs to the frame.
    start : object, optional
        The value to begin with; by default the first one.
    static : list, optional
        The values to show where nothing moves, such as on paper; by default
        the first, a middle and the last one.
    play : bool
        Offer a button on the page that shows one frame after the other.
    figsize : (float, float)
        Width and height in inches, unless `draw` makes a figure itself.
    **values : list
        The values of each parameter, of which there are one or two: numbers,
        strings, or anything with a short text. 300 frames at most.

    Raises
    ------
    TypeError
        If there is no parameter, or more than two.
    ValueError
        If values cannot be used, or if a frame is empty.

    Notes
    -----
    With two parameters there is a frame for each pair of values; `start` is
    a pair, and `static` a list of pairs.

    While the book is built, all frames are drawn for its page. A notebook
    shows a slider if ipywidgets is installed. Elsewhere there is a figure
    for each value in `static`.
    """
    moving = Slide(draw, values, start, static, figsize)
    use_svg_display()
    ipython = sys.modules.get('IPython')
    shell = ipython.get_ipython() if ipython else None
    if shell and 'BUILDING_BOOK' in os.environ:
        moving.show_on_page(play)
    elif hasattr(shell, 'kernel') and find_spec('ipywidgets'):
        moving.show_sliders()
    else:
        moving.show_some()


# chapters/calculus.md#sec-gradient
def to_point(x):
    """Copy finite numbers, at least one, into a float array."""
    point = to_array(x)
    if point.size == 0 or point.dtype == bool or not np.isfinite(point).all():
        raise ValueError(f'x needs finite numbers, got {x!r:.60}')
    return point.astype(float)


# chapters/calculus.md#sec-gradient
def type_as(array, x):
    """Copy a float array, into a tensor where x is one."""
    if hasattr(x, 'detach'):
        return x.detach().double().new_tensor(array)
    return np.array(array)


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
        If f returns more than one number, x is not made of finite numbers,
        or h is not positive, or too small to move x.
    """
    def value(point):
        result = to_array(f(type_as(point, x)))
        if result.size != 1:
            raise ValueError('f must return one number, got shape '
                             f'{result.shape}')
        return result.item()

    point = to_point(x)
    if h is None:
        h = np.cbrt(np.finfo(float).eps) * np.maximum(1, abs(point))
    steps = to_array(h)
    if (steps.shape not in ((), point.shape) or steps.dtype == bool
            or not (np.isfinite(steps) & (steps > 0)).all()):
        raise ValueError('h must be positive, one number or one for each of '
                         f'x, got {h!r:.60}')
    ahead, behind = point + steps, point - steps
    if (ahead == behind).any():
        raise ValueError(f'h is too small: x + h is x, with h={h!r:.60}')
    gradient = np.empty_like(point)
    for i in np.ndindex(point.shape):
        right, left = point.copy(), point.copy()
        right[i], left[i] = ahead[i], behind[i]
        gradient[i] = (value(right) - value(left)) / (ahead[i] - behind[i])
    return type_as(gradient, x)


# chapters/calculus.md#sec-check-gradient
@np.errstate(all='ignore')
def slope_between(g, x):
    """Find two numbers that the slope of a function at x lies between.

    Parameters
    ----------
    g : callable
        Takes a number and returns one; nan where it has no value.
    x : float
        The place.

    Returns
    -------
    low, high : float
        Far apart if steps of different sizes tell different slopes.
    reach : float
        How much g changes over the widest step, for each unit of it.
    """
    x = np.float64(to_point(x).item())
    widest = max(0.4, abs(x) / 1e4)
    digits = 16 - np.log10(min(1, abs(x) or 1))
    steps = widest * 10 ** -np.arange(0, digits, 0.5)
    steps = steps[x + steps > x - steps]
    here = g(x)
    ahead = np.array([g(x + step) for step in steps])
    behind = np.array([g(x - step) for step in steps])
    quotient = (ahead - behind) / ((x + steps) - (x - steps))
    better = (10 * quotient[1:] - quotient[:-1]) / 9
    spread = abs(np.diff(better))
    moved = abs(np.array([ahead, behind]) - here)
    bend = abs(ahead + behind - 2 * here) / steps
    moved[~np.isfinite(moved)] = bend[~np.isfinite(bend)] = 0
    if 100 * moved[:, -1].max() > moved.max():
        return -np.inf, np.inf, 0.0  # the last digit of x decides
    reach = moved[:, 0].max() / widest

    # The smallest change that shows may be nothing but rounding.
    largest = np.maximum(abs(ahead), abs(behind)) if moved.any() else 1.0
    rounding = np.finfo(float).eps * np.maximum(largest, abs(here))
    smallest = min(moved[moved > 0], default=0)
    if smallest < 1e-14 * (1 + x ** 2) + 1e-6 * abs(here):
        rounding = np.maximum(rounding, smallest)
    noise = 4 * rounding / steps
    error = np.maximum(spread, np.append(spread[1:], spread[-1:])) + noise[2:]

    k = max(np.flatnonzero(noise < 1e-3 * bend[:5].max()), default=0)
    some = bend[max(k - 4, 0):k + 1]
    if k > 3 and some.min() > max(100 * noise[k], 0.5 * some.max()):
        # A kink: however small the step, the two sides differ as much.
        sides = [(ahead[k] - here) / steps[k], (here - behind[k]) / steps[k]]
        return min(sides), max(sides), reach

    # From the smallest step on, keep what all steps agree on.
    low, high = -np.inf, np.inf
    for step, middle, width in zip(steps[:1:-1], better[:0:-1], error[::-1]):
        if middle - width > high or middle + width < low:
            # A step too wide tells nothing, unless it is very sure.
            if width < 1e-4 * abs(middle) and not 0 < abs(x) < step:
                low = min(low, middle - width)
                high = max(high, middle + width)
                break
        elif np.isfinite(width):
            low, high = max(low, middle - width), min(high, middle + width)
    return low, high, reach


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
    bool or None
        Whether every component agrees with differences of f, to three digits
        or more. None if some cannot be told: rounding hides the slope, or it
        is not the same on both sides. The result is printed too, with what
        differs. A component of 0 is right if f does not change along it.

    Raises
    ------
    ValueError
        If f returns more than one number, or x is not made of finite numbers.
    """
    def value(point):
        result = to_array(f(type_as(point, x)))
        if result.size != 1:
            raise ValueError('f must return one number, got shape '
                             f'{result.shape}')
        return float(result.item())

    def along(i):
        def g(number):
            moved = point.copy()
            moved[i] = number
            try:
                return value(moved)
            except (ArithmeticError, RuntimeError, ValueError):
                return np.nan  # too far: f has no value there
        return g

    point = to_point(x)
    here, yours = value(point), to_array(grad_f(type_as(point, x)))
    if yours.shape != point.shape:
        print(f'wrong: your gradient has shape {yours.shape}, '
              f'x has shape {point.shape}')
        return False
    if not np.isfinite(here) or value(point) != here:
        print(f'cannot tell: f is {here:.6g} at x, then {value(point):.6g}')
        return None
    answers = []
    for i in np.ndindex(point.shape):
        low, high, reach = slope_between(along(i), point[i])
        size, width = abs(yours[i]), high - low
        text = f'component {list(i)} is {yours[i]:.6g}, should be '
        slack = 1e-5 * size if np.isfinite(size) else 0
        if not low - slack <= yours[i] <= high + slack:
            answers.append(False)
            print(f'wrong: {text}about {(low + high) / 2:.6g}')
        elif (width <= 5e-4 * size or low <= 0 <= high and (
                width <= 1e-6 * reach or yours[i] == reach == 0 and
                width < 1e-7)):
            answers.append(True)
        else:
            answers.append(None)
            print(f'cannot tell: {text}between {low:.6g} and {high:.6g}')
    if all(answers):
        print('right: all components agree with the numerical gradient')
    return False if False in answers else None if None in answers else True


# chapters/calculus.md#sec-steepest
def touch(moving, text, **data):
    """Let readers of the page move parts of the current figure.

    Parameters
    ----------
    moving : list of matplotlib.artist.Artist
        The parts that the page draws itself.
    text : str
        What belongs to the figure as it is drawn.
    **data : number, str, list, dict or numpy.ndarray
        What the page needs to know, under names.

    Raises
    ------
    TypeError, ValueError
        If the data cannot be written as JSON.

    Notes
    -----
    Elsewhere than on a page, the figure stays as it is, and the text is its
    title. Axes have linear scales.
    """
    def to_plain(value):
        if isinstance(value, (np.ndarray, np.generic)):
            return value.tolist()
        raise TypeError(f'a page cannot get {value!r:.60}')

    data = json.loads(json.dumps(data, default=to_plain, allow_nan=False))
    ipython = sys.modules.get('IPython')
    shell = ipython.get_ipython() if ipython else None
    figure = plt.gcf()
    if not shell or 'BUILDING_BOOK' not in os.environ:
        figure.suptitle(text)
        return
    figure.draw_without_rendering()
    figure.set_layout_engine('none')  # what is hidden keeps its place
    box = figure.get_tightbbox().padded(0.1)

    def to_svg_text():
        file = io.StringIO()
        figure.savefig(file, format='svg', bbox_inches=box)
        return file.getvalue()

    places = []
    for axes in figure.axes:
        inner = axes.get_window_extent().transformed(
            figure.dpi_scale_trans.inverted())
        corner = [inner.x0 - box.x0, box.y1 - inner.y1]
        lengths = 72 * np.array([*corner, inner.width, inner.height])
        places.append({'box': lengths.round(3).tolist(),
                       'x': axes.get_xlim(), 'y': axes.get_ylim()})
    drawing = to_svg_text()
    for artist in moving:
        artist.set_visible(False)
    cycle = plt.rcParams['axes.prop_cycle'].by_key()
    parts = {'text': text, 'data': data, 'drawing': {
        'background': to_svg_text(), 'axes': places,
        'size': (72 * box.size).round(3).tolist(),
        'colors': [to_hex(color) for color in cycle.get('color', 'k')]}}
    plt.close(figure)
    ipython.display.display({'image/svg+xml': drawing}, raw=True,
                            metadata={'touch': parts})
