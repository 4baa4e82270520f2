# Generated from chapters/generalization.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/generalization.md."""

__all__ = ["get_k_fold_data"]


# chapters/generalization.md#sec-cross-validation
def get_k_fold_data(k, i, X, y):
    """Split data into a part to validate on and a rest to train on.

    Parameters
    ----------
    k : int
        Number of parts: neighboring rows, equally many if possible.
    i : int
        The part to validate on, from 0 to k - 1.
    X, y : ndarray or torch.Tensor
        A row for each sample, in the same order.

    Returns
    -------
    X_train, y_train, X_valid, y_valid : as X and y
        Copies.

    Raises
    ------
    TypeError
        If X or y is no array.
    ValueError
        If X and y differ in their number of rows, k is less than 2 or more
        than that, or i is no part.
    """
    if not all(hasattr(data, 'shape') for data in (X, y)):
        raise TypeError('X and y must be arrays or tensors')
    n = len(X)
    if len(y) != n:
        raise ValueError(f'X has {n} rows, y has {len(y)}')
    if not 2 <= k <= n or not 0 <= i < k:
        raise ValueError(f'there is no part {i!r:.60} of {k!r:.60} '
                         f'in {n} rows')
    start, stop = i * n // k, (i + 1) * n // k
    rest, part = [*range(start), *range(stop, n)], [*range(start, stop)]
    return X[rest], y[rest], X[part], y[part]
