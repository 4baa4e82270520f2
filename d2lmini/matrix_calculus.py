# Generated from chapters/matrix_calculus.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/matrix_calculus.md."""

import d2lmini as d2l
import numpy as np

__all__ = ["numerical_jacobian"]


# chapters/matrix_calculus.md#sec-nine-cases
def numerical_jacobian(f, x, h=None):
    """Approximate all partial derivatives of f by central differences.

    Parameters
    ----------
    f : callable
        Takes what x is (array or tensor, in double precision) and returns
        numbers in any shape.
    x : array_like or torch.Tensor, any shape
        The point.
    h : float, optional
        Step, as in `numerical_gradient`.

    Returns
    -------
    ndarray or torch.Tensor, the shape of f(x) followed by the shape of x

    Raises
    ------
    ValueError
        As `numerical_gradient`, or if the shape of f(x) changes with x.
    """
    point = d2l.to_point(x)
    shape = d2l.to_array(f(d2l.type_as(point, x))).shape

    def entry(z):
        y = d2l.to_array(f(z))
        if y.shape != shape:
            raise ValueError(f'f returns shape {y.shape} close to x, '
                             f'but {shape} at x')
        return y[i]

    jacobian = np.empty(shape + point.shape)
    for i in np.ndindex(shape):
        jacobian[i] = d2l.to_array(d2l.numerical_gradient(entry, x, h))
    return d2l.type_as(jacobian, x)
