# Generated from chapters/linear_regression.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/linear_regression.md."""

import d2lmini as d2l
import itertools
import numpy as np
import os
import sys
import torch
from torch.utils.data import DataLoader
from torch.utils.data import TensorDataset

__all__ = [
    "synthetic_data",
    "data_iter",
    "linreg",
    "squared_loss",
    "sgd",
    "Animator",
    "load_array",
    "Accumulator",
    "evaluate_loss",
]


# chapters/linear_regression.md#sec-linreg-synthetic
def synthetic_data(w, b, num_examples):
    """Make examples of y = X w + b and a little noise.

    Parameters
    ----------
    w : torch.Tensor, shape (number of features,)
    b : float
    num_examples : int

    Returns
    -------
    (torch.Tensor, torch.Tensor)
        Features, normally distributed, of shape (num_examples, len(w)), and
        labels of shape (num_examples, 1); their noise has the standard
        deviation 0.01.
    """
    X = torch.randn(num_examples, len(w))
    y = X @ w + b
    y = y + 0.01 * torch.randn(y.shape)
    return X, y.reshape(-1, 1)


# chapters/linear_regression.md#sec-linreg-data-iter
def data_iter(batch_size, features, labels):
    """Go once through all examples, in random order, a few at a time.

    Parameters
    ----------
    batch_size : int
        How many at a time; what is left at the end is a smaller batch.
    features, labels : torch.Tensor or ndarray, with as many rows

    Yields
    ------
    tuple
        The features and the labels of a batch.

    Raises
    ------
    ValueError
        If there are not as many labels as examples.
    """
    if len(features) != len(labels):
        raise ValueError(f'{len(features)} examples have {len(labels)} labels')
    for batch in torch.randperm(len(features)).split(batch_size):
        batch = batch.tolist()
        yield features[batch], labels[batch]


# chapters/linear_regression.md#sec-linreg-parts
def linreg(X, w, b):
    """Predict by linear regression: X w + b, a row for each example."""
    return X @ w + b


# chapters/linear_regression.md#sec-linreg-parts
def squared_loss(y_hat, y):
    """Half the square of the residual of each example, shaped as y_hat."""
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


# chapters/linear_regression.md#sec-linreg-parts
def sgd(params, lr, batch_size):
    """Take a step of stochastic gradient descent, then clear the gradients.

    Parameters
    ----------
    params : list of torch.Tensor
        They are changed; the gradient of each is that of a sum over a batch.
    lr : float
        Learning rate.
    batch_size : int
        Number of examples in the batch.
    """
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad / batch_size
            param.grad.zero_()


# chapters/linear_regression.md#sec-linreg-animator
class Animator:
    """Draw curves that grow while a program runs.

    Parameters
    ----------
    nrows, ncols : int
        Rows and columns of panels; the curves are in the first one.
    figsize : (float, float)
        Width and height in inches.

    Attributes
    ----------
    fig : matplotlib.figure.Figure
    axes : list of matplotlib.axes.Axes
        All panels, row by row.
    X, Y : list of list of float
        The points of each curve.

    Notes
    -----
    The other parameters are those of `set_axes` and `plot`. In a notebook,
    the picture is drawn anew, in its place, whenever something is added.
    """

    def __init__(self, xlabel=None, ylabel=None, legend=None, xlim=None,
                 ylim=None, xscale='linear', yscale='linear',
                 fmts=('-', 'm--', 'g-.', 'r:'), nrows=1, ncols=1,
                 figsize=(3.5, 2.5)):
        self.settings = (xlabel, ylabel, xlim, ylim, xscale, yscale, legend)
        # On paper first, or what is wrong leaves an empty figure behind.
        d2l.set_axes(d2l.plt.Figure().gca(), *self.settings)
        d2l.use_svg_display()
        self.fig, axes = d2l.plt.subplots(nrows, ncols, figsize=figsize,
                                          squeeze=False)
        self.axes = list(axes.flat)
        self.fmts = fmts
        self.X, self.Y, self.shown = [], [], None

    def add(self, x, y):
        """Add a point to each curve, and draw them.

        Parameters
        ----------
        x : float, or one for each curve
        y : float, or one for each curve
            None leaves a curve as it is.
        """
        ys = [y] if np.ndim(y) == 0 else list(y)
        xs = [x] * len(ys) if np.ndim(x) == 0 else list(x)
        if len(xs) != len(ys):
            raise ValueError(f'x has {len(xs)} values, y has {len(ys)}')
        while len(self.Y) < len(ys):
            self.X.append([])
            self.Y.append([])
        for old_x, old_y, x, y in zip(self.X, self.Y, xs, ys):
            if x is not None and y is not None:
                old_x.append(float(x))
                old_y.append(float(y))
        axes = self.axes[0]
        axes.cla()
        for x, y, fmt in zip(self.X, self.Y, itertools.cycle(self.fmts)):
            axes.plot(x, y, fmt)
        d2l.set_axes(axes, *self.settings)
        self.show()

    def show(self):
        """Show the picture in a notebook, in place of the one before."""
        ipython = sys.modules.get('IPython')
        shell = ipython.get_ipython() if ipython else None
        if not hasattr(shell, 'kernel') or 'BUILDING_BOOK' in os.environ:
            return
        if self.shown is None:
            d2l.plt.close(self.fig)  # or it appears once more below the cell
            self.shown = ipython.display.display(self.fig, display_id=True)
        else:
            self.shown.update(self.fig)


# chapters/linear_regression.md#sec-linreg-load-array
def load_array(data_arrays, batch_size, is_train=True):
    """Make an iterable of batches, which can be gone through many times.

    Parameters
    ----------
    data_arrays : sequence of torch.Tensor
        Such as features and labels, with as many rows.
    batch_size : int
    is_train : bool
        Whether to shuffle the rows anew each time.

    Returns
    -------
    torch.utils.data.DataLoader
    """
    dataset = TensorDataset(*data_arrays)
    return DataLoader(dataset, batch_size, shuffle=is_train)


# chapters/linear_regression.md#sec-linreg-evaluate
class Accumulator:
    """Sums of n numbers, which grow with each call of `add`."""

    def __init__(self, n):
        self.data = [0.0] * n

    def add(self, *args):
        """Add one number to each sum, in order."""
        self.data = [a + float(b) for a, b in zip(self.data, args)]

    def reset(self):
        """Begin again with zeros."""
        self.data = [0.0] * len(self.data)

    def __getitem__(self, idx):
        """Return one of the sums."""
        return self.data[idx]


# chapters/linear_regression.md#sec-linreg-evaluate
def evaluate_loss(net, data_iter, loss):
    """Average the loss of a model over all batches of a data set.

    Parameters
    ----------
    net : callable
        From features to predictions.
    data_iter : iterable of (features, labels)
    loss : callable
        From predictions and labels to one loss for each example, or to
        their mean; a mean counts once for each batch.

    Returns
    -------
    float
    """
    metric = Accumulator(2)
    with torch.no_grad():
        for X, y in data_iter:
            out = net(X)
            l = loss(out, y.reshape(out.shape))
            metric.add(l.sum(), l.numel())
    return metric[0] / metric[1]
