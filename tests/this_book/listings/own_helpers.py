# A reader types in the helpers again, in their own words, and uses them.
import numpy as np

import d2lmini.torch as d2l
from d2lmini import set_axes


def set_figsize(figsize=(3.5, 2.5)):
    d2l.use_svg_display()
    d2l.plt.rcParams["figure.figsize"] = figsize


def plot(X, Y, xlabel, ylabel, legend, axes=None):
    set_figsize()
    axes = axes if axes else d2l.plt.gca()
    axes.cla()
    for y, fmt in zip(Y, ("-", "m--", "g-.", "r:")):
        axes.plot(X, y, fmt)
    set_axes(axes, xlabel, ylabel, None, None, "linear", "linear", legend)


def f(x):
    return x**3 - 1 / x


x = np.arange(0.1, 3, 0.1)
plot(x, [f(x), 4 * x - 4], "x", "f(x)", ["f(x)", "Tangent line (x=1)"])
d2l.plt.show()
