# Generated from chapters/build_autograd.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/build_autograd.md."""

import d2lmini as d2l
import itertools
import numpy as np
from contextlib import contextmanager
from numbers import Real

__all__ = ["sum_to_shape", "Tensor", "no_grad"]


# chapters/build_autograd.md#sec-engine-broadcasting
def sum_to_shape(array, shape):
    """Sum an array over the axes along which broadcasting repeated it.

    Parameters
    ----------
    array : ndarray
        Of a shape that `shape` can be broadcast to.
    shape : tuple of int

    Returns
    -------
    ndarray of that shape, a new one
    """
    shape = tuple(shape)
    new = array.ndim - len(shape)
    repeated = tuple(axis for axis in range(array.ndim)
                     if axis < new or shape[axis - new] == 1)
    return array.sum(axis=repeated).reshape(shape)


# chapters/build_autograd.md#sec-engine
class Tensor:
    """An array of numbers that knows how it was computed.

    Operations follow NumPy: their shapes, broadcasting, axes and errors.
    One side of an operation may be numbers or a NumPy array. Change `data`
    only when no `backward` through it is to come: what was computed from
    the old numbers does not notice.

    Parameters
    ----------
    data : real numbers, a sequence or an array of them, any shape
        A copy is kept, always of float64.
    requires_grad : bool
        Whether `backward` shall find the gradient with respect to it.

    Attributes
    ----------
    data : ndarray of float64
    grad : ndarray of the same shape, or None
        The gradient. Each `backward` adds to that of a tensor that was
        not computed, and replaces that of a result.
    requires_grad : bool
        For a result: whether it was recorded.
    parents : tuple of Tensor
        What it was computed from; empty for what was not recorded.
    vjp : callable
        Takes the gradient with respect to this result, and returns those
        with respect to the parents, one array each (vector-Jacobian
        products), not yet summed over axes that broadcasting repeated.

    Raises
    ------
    ValueError
        If data are not real numbers.
    """

    __array_ufunc__ = None  # array + tensor is then left to __radd__ below
    births = itertools.count()
    recording = True

    def __init__(self, data, requires_grad=False):
        self.data = d2l.to_array(data).astype(float, copy=False)
        self.grad = None
        self.requires_grad = requires_grad
        self.parents = ()
        self.birth = next(Tensor.births)

    def __repr__(self):
        text = np.array2string(self.data, separator=', ', prefix='Tensor(')
        return f'Tensor({text}, requires_grad={self.requires_grad})'

    @property
    def shape(self):
        """The length of each axis, as a tuple."""
        return self.data.shape

    @staticmethod
    def wrap(value):
        """Return a tensor as it is, and anything else as a constant."""
        return value if isinstance(value, Tensor) else Tensor(value)

    @staticmethod
    def record(data, parents, vjp):
        """Make the result of an operation: see the attributes."""
        result = Tensor(data)
        if Tensor.recording and any(p.requires_grad for p in parents):
            result.requires_grad = True
            result.parents, result.vjp = parents, vjp
        return result

    def graph(self):
        """List this tensor and all that it was computed from, oldest first.

        Constants are left out. A result is younger than its parents, so
        this is a topological order when it is read from the end.
        """
        found, waiting = set(), [self]
        while waiting:
            node = waiting.pop()
            if node.requires_grad and node not in found:
                found.add(node)
                waiting += node.parents
        return sorted(found, key=lambda node: node.birth)

    def backward(self):
        """Find the gradient of this number with respect to its whole graph.

        Raises
        ------
        ValueError
            If this is more than one number, or nothing was recorded.
        """
        if self.data.size != 1:
            raise ValueError('backward starts from one number, not from shape '
                             f'{self.shape}: use sum() or mean() first')
        if not self.requires_grad:
            raise ValueError('no graph to go back through: nothing here has '
                             'requires_grad=True, or no_grad() was on')
        nodes = self.graph()
        for node in nodes:
            if node.parents:
                node.grad = None
        self.add_grad(np.ones(self.shape))
        for node in reversed(nodes):
            if node.parents:
                for parent, grad in zip(node.parents, node.vjp(node.grad)):
                    if parent.requires_grad:
                        parent.add_grad(grad)

    def add_grad(self, grad):
        """Add one more contribution to the gradient."""
        if self.grad is None:
            self.grad = np.zeros(self.shape)
        self.grad += sum_to_shape(grad, self.shape)

    def zero_grad(self):
        """Forget the gradient."""
        self.grad = None

    def __add__(self, other):
        other = Tensor.wrap(other)
        return Tensor.record(self.data + other.data, (self, other),
                             lambda grad: (grad, grad))

    def __sub__(self, other):
        other = Tensor.wrap(other)
        return Tensor.record(self.data - other.data, (self, other),
                             lambda grad: (grad, -grad))

    def __mul__(self, other):
        other = Tensor.wrap(other)
        a, b = self.data, other.data
        return Tensor.record(a * b, (self, other),
                             lambda grad: (grad * b, grad * a))

    def __truediv__(self, other):
        other = Tensor.wrap(other)
        a, b = self.data, other.data
        return Tensor.record(a / b, (self, other),
                             lambda grad: (grad / b, -grad * a / b ** 2))

    def __pow__(self, power):
        """Raise to a constant power."""
        if not isinstance(power, Real):
            raise TypeError(f'the power must be a number, got {power!r:.60}')
        a = self.data
        slope = power * a ** (power - 1) if power != 0 else np.zeros(a.shape)
        return Tensor.record(a ** power, (self,), lambda grad: (grad * slope,))

    def __matmul__(self, other):
        """Multiply vectors, matrices, or stacks of matrices."""
        other = Tensor.wrap(other)
        a, b = self.data, other.data
        try:
            y = a @ b
        except ValueError:
            raise ValueError(f'cannot multiply shapes {a.shape} @ {b.shape}'
                             ) from None

        def vjp(grad):
            # A vector on the left is a row, one on the right is a column.
            row = a[None, :] if a.ndim == 1 else a
            column = b[:, None] if b.ndim == 1 else b
            if b.ndim == 1:
                grad = grad[..., None]
            if a.ndim == 1:
                grad = grad[..., None, :]
            to_b = row.swapaxes(-1, -2) @ grad
            return (grad @ column.swapaxes(-1, -2),
                    to_b[..., 0] if b.ndim == 1 else to_b)

        return Tensor.record(y, (self, other), vjp)

    def __neg__(self):
        return Tensor.record(-self.data, (self,), lambda grad: (-grad,))

    def __rsub__(self, other):
        return Tensor.wrap(other) - self

    def __rtruediv__(self, other):
        return Tensor.wrap(other) / self

    def __rmatmul__(self, other):
        return Tensor.wrap(other) @ self

    __radd__, __rmul__ = __add__, __mul__

    def exp(self):
        """Return e to the power of each number."""
        y = np.exp(self.data)
        return Tensor.record(y, (self,), lambda grad: (grad * y,))

    def log(self):
        """Return the natural logarithm of each number."""
        a = self.data
        return Tensor.record(np.log(a), (self,), lambda grad: (grad / a,))

    def tanh(self):
        """Return the hyperbolic tangent of each number."""
        y = np.tanh(self.data)
        return Tensor.record(y, (self,), lambda grad: (grad * (1 - y ** 2),))

    def relu(self):
        """Return max(a, 0) of each number a; its slope at 0 is taken as 0."""
        a = self.data
        return Tensor.record(np.maximum(a, 0), (self,),
                             lambda grad: (grad * (a > 0),))

    def sum(self, axis=None, keepdims=False):
        """Sum over one axis, several (a tuple), or all of them."""
        kept = self.data.sum(axis=axis, keepdims=True)
        y = kept if keepdims else kept.squeeze(axis)
        shape = self.shape
        return Tensor.record(y, (self,), lambda grad: (
            np.broadcast_to(grad.reshape(kept.shape), shape),))

    def mean(self, axis=None, keepdims=False):
        """Average over one axis, several (a tuple), or all of them."""
        total = self.sum(axis, keepdims)
        return total / (self.data.size / total.data.size)

    def max(self, axis=None, keepdims=False):
        """Return the largest over axes; equal ones share the gradient."""
        kept = self.data.max(axis=axis, keepdims=True)
        y = kept if keepdims else kept.squeeze(axis)
        largest = self.data == kept
        share = largest / largest.sum(axis=axis, keepdims=True)
        return Tensor.record(y, (self,), lambda grad: (
            grad.reshape(kept.shape) * share,))

    def reshape(self, *shape):
        """Return the same numbers in another shape."""
        before = self.shape
        return Tensor.record(self.data.reshape(*shape), (self,),
                             lambda grad: (grad.reshape(before),))

    def transpose(self, *axes):
        """Put the axes into another order, or the opposite one, as NumPy."""
        y = self.data.transpose(*axes)
        back = np.argsort(np.arange(y.ndim).take(axes or range(y.ndim)[::-1]))
        return Tensor.record(y, (self,), lambda grad: (grad.transpose(back),))

    @property
    def T(self):
        """Transpose."""
        return self.transpose()

    def __getitem__(self, index):
        shape = self.shape

        def vjp(grad):
            whole = np.zeros(shape)
            np.add.at(whole, index, grad)  # unlike whole[index] += grad
            return (whole,)

        return Tensor.record(self.data[index], (self,), vjp)


# chapters/build_autograd.md#sec-engine
@contextmanager
def no_grad():
    """Record nothing inside of `with no_grad():`."""
    before, Tensor.recording = Tensor.recording, False
    try:
        yield
    finally:
        Tensor.recording = before
