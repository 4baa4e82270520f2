"""The engine that readers build: it agrees with PyTorch, and says no."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import d2lmini as d2l
from d2lmini import Tensor, no_grad

# What can be made of one tensor, or of two, in this engine and in PyTorch.
# Values stay small, and away from kinks and poles, where neither has a
# gradient to compare.
ONE = {
    "neg": lambda a: -a,
    "cube": lambda a: a**3 / 4,
    "root": lambda a: (a * a + 1) ** 0.5,
    "exp": lambda a: a.tanh().exp(),
    "log": lambda a: (a * a + 1).log(),
    "tanh": lambda a: a.tanh(),
    "relu": lambda a: a.relu(),
    "numbers": lambda a: 1.5 - 2 * a / 3 + 1 / (a * a + 2),
}
TWO = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b.tanh(),
    "div": lambda a, b: a / (b * b + 1),
}
SHAPES = [(), (1,), (4,), (3, 1), (1, 4), (3, 4), (2, 1, 4), (2, 3, 1)]


def grow(random, pool):
    """Make a new pair of tensors from those in a pool, if they fit."""
    a = pool[random.integers(len(pool))]
    kind = random.integers(8)
    if kind < 3:
        b = pool[random.integers(len(pool))]
        f = TWO[random.choice(list(TWO))]
        try:
            np.broadcast_shapes(a[0].shape, b[0].shape)
        except ValueError:
            return None
        return f(a[0], b[0]), f(a[1], b[1])
    if kind == 3:
        f = ONE[random.choice(list(ONE))]
        return f(a[0]), f(a[1])
    axes = random.permutation(len(a[0].shape)).tolist()
    if kind == 4:
        some = tuple(axes[: random.integers(len(axes) + 1)]) or None
        keep = bool(random.integers(2))
        name = random.choice(["sum", "mean", "max"])
        ours = getattr(a[0], name)(axis=some, keepdims=keep)
        if name == "max":
            theirs = a[1].amax(dim=some or (), keepdim=keep)
        else:
            theirs = getattr(a[1], name)(dim=some, keepdim=keep)
        return ours, theirs
    if kind == 5 and axes:
        return a[0].transpose(*axes), a[1].permute(axes)
    if kind == 6:
        return a[0].reshape(-1, 1), a[1].reshape(-1, 1)
    if axes:
        rows = random.integers(a[0].shape[0], size=3).tolist()
        index = (
            (rows, ...) if random.integers(2) else (..., None, slice(0, 9, 2))
        )
        return a[0][index], a[1][index]
    return a[0] * a[0], a[1] * a[1]


def product(random, pair):
    """Multiply a pair by matrices or a vector of random numbers."""
    ours, theirs = pair
    n = ours.shape[-1]
    shape = [(n,), (n, 2), (5, n, 3)][
        random.integers(3 if len(ours.shape) < 3 else 2)
    ]
    matrix = random.normal(size=shape)
    leaves = Tensor(matrix, True), torch.tensor(matrix, requires_grad=True)
    return leaves, (ours @ leaves[0], theirs @ leaves[1])


@pytest.mark.parametrize("seed", range(200))
def test_a_random_graph_has_the_gradients_of_pytorch(seed):
    random = np.random.default_rng(seed)
    leaves = []
    for i in random.integers(len(SHAPES), size=3):
        data = random.normal(size=SHAPES[i])
        pair = Tensor(data, True), torch.tensor(data, requires_grad=True)
        leaves.append(pair)
    pool = list(leaves)
    for _ in range(random.integers(4, 13)):
        made = grow(random, pool)
        if made and made[0].data.size < 500:
            pool.append(made)
    flat = [pair for pair in pool if pair[0].shape and pair[0].data.size]
    if flat:
        leaf, multiplied = product(random, flat[-1])
        leaves.append(leaf)
        pool.append(multiplied)
    ours = sum((a.tanh() * a).sum() for a, _ in pool)
    theirs = sum((b.tanh() * b).sum() for _, b in pool)
    np.testing.assert_allclose(ours.data, theirs.item(), rtol=1e-12)
    ours.backward()
    theirs.backward()
    for mine, leaf in leaves:
        assert mine.grad.shape == mine.shape
        assert mine.grad.dtype == float
        expected = leaf.grad.numpy()
        scale = max(1, abs(expected).max(initial=0))
        np.testing.assert_allclose(
            mine.grad, expected, rtol=1e-12, atol=1e-12 * scale
        )


SHAPED = [
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((3,), (3,)),
    ((4, 2, 3), (3, 5)),
    ((2, 3), (4, 3, 5)),
    ((1, 2, 3), (4, 3, 1)),
    ((3,), (4, 3, 5)),
    ((4, 2, 3), (3,)),
    ((2, 0), (0, 3)),
]


@pytest.mark.parametrize(("left", "right"), SHAPED)
def test_matrices_vectors_and_stacks_are_multiplied(left, right):
    random = np.random.default_rng(0)
    arrays = [random.normal(size=shape) for shape in (left, right)]
    ours = [Tensor(a, True) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    for a, b in (ours, theirs):
        ((a @ b) ** 2).sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=1e-12)
    mixed = [arrays[0] @ ours[1], ours[0] @ arrays[1]]
    for y in mixed:
        np.testing.assert_array_equal(y.data, arrays[0] @ arrays[1])
        assert y.requires_grad


def test_a_network_is_trained_as_pytorch_trains_it():
    random = np.random.default_rng(1)
    x, y = random.normal(size=(40, 2)), random.normal(size=40)
    first = [
        random.normal(size=(2, 8)),
        np.zeros(8),
        random.normal(size=8) / 3,
        np.zeros(()),
    ]

    def loss(x, y, w1, b1, w2, b2):
        return (((x @ w1 + b1).tanh() @ w2 + b2 - y) ** 2).mean()

    ours = [Tensor(array, True) for array in first]
    theirs = [torch.tensor(array, requires_grad=True) for array in first]
    data = torch.tensor(x), torch.tensor(y)
    for _ in range(300):
        mine, other = loss(x, y, *ours), loss(*data, *theirs)
        np.testing.assert_allclose(mine.data, other.item(), rtol=1e-10)
        mine.backward()
        other.backward()
        with torch.no_grad():
            for a, b in zip(ours, theirs, strict=True):
                a.data -= 0.1 * a.grad
                a.zero_grad()
                b -= 0.1 * b.grad
                b.grad = None
    assert mine.data < 0.8 * loss(x, y, *map(Tensor, first)).data


def test_it_runs_without_pytorch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from d2lmini import Tensor\n"
        "x = Tensor([1, 2], True); (x * x).sum().backward(); print(x.grad)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("[2. 4.]\n", "")


def test_data_are_a_copy_in_double_precision():
    given = np.array([1, 2, 3], dtype=np.float32)
    x = Tensor(given)
    x.data[0] = 7
    assert given[0] == 1
    assert x.data.dtype == np.float64
    for data in (True, 3, [1, 2], torch.ones(2), np.int8([1])):
        assert Tensor(data).data.dtype == np.float64
    assert Tensor(3).shape == ()
    assert isinstance(Tensor(3).data, np.ndarray)
    flat = x.reshape(-1)
    x.data[0] = 5
    assert flat.data[0] == 7


def test_leaves_add_up_and_results_start_again():
    x = Tensor(2.0, True)
    y = 3 * x
    z = y * y
    for times in (1, 2, 3):
        z.backward()
        assert (x.grad, y.grad, z.grad) == (36 * times, 12, 1)
        assert isinstance(x.grad, np.ndarray)
    x.zero_grad()
    assert x.grad is None
    x.backward()
    assert x.grad == 1


def test_equal_ones_share_the_gradient_of_max():
    x = Tensor([[3.0, 3.0], [1.0, 2.0]], True)
    x.max(axis=1).sum().backward()
    np.testing.assert_array_equal(x.grad, [[0.5, 0.5], [0, 1]])


def test_kinks_and_constant_powers_are_as_in_pytorch():
    for f in (lambda a: a.relu(), lambda a: a**0, lambda a: a**2):
        x, other = Tensor([0.0, -1.0], True), torch.zeros(2).requires_grad_()
        f(x).sum().backward()
        f(other).sum().backward()
        assert x.grad[0] == other.grad[0]


@pytest.mark.parametrize(
    "index",
    [
        0,
        (slice(None), [0, 0, 2]),
        (..., None, 1),
        ([0, 1, 1],),
        (slice(None, None, -1),),
        (np.array([True, False]), 1),
    ],
)
def test_what_is_taken_more_than_once_gets_more(index):
    data = np.arange(6.0).reshape(2, 3)
    x = Tensor(data, True)
    (x[index] * x[index]).sum().backward()
    counts = np.zeros(data.shape)
    np.add.at(counts, index, 1)
    np.testing.assert_array_equal(x.grad, 2 * data * counts)


def test_nothing_is_recorded_without_gradients():
    x = Tensor(2.0, True)
    with no_grad():
        with no_grad():
            pass
        y = x * x
    assert not y.requires_grad
    assert y.parents == ()
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0  # noqa: B018
    assert (x * x).requires_grad
    assert (Tensor(1.0) * 2).parents == ()


def test_long_chains_are_walked():
    x = y = Tensor(1.0, True)
    for _ in range(20_000):
        y = y + 1
    y.backward()
    assert x.grad == 1
    assert len(y.graph()) == 20_001


def test_each_node_is_walked_once():
    x = y = Tensor(1.0, True)
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        (
            lambda x: x.backward(),
            ValueError,
            "one number, not from shape (3,)",
        ),
        (lambda x: Tensor(2.0).backward(), ValueError, "requires_grad=True"),
        (lambda x: x + np.ones(4), ValueError, "shapes (3,) (4,)"),
        (lambda x: x @ np.ones((2, 3)), ValueError, "(3,) @ (2, 3)"),
        (lambda x: x @ 2, ValueError, "(3,) @ ()"),
        (lambda x: x + "one", ValueError, "real numbers, got 'one'"),
        (lambda x: x * None, ValueError, "real numbers, got None"),
        (lambda x: x * 1j, ValueError, "real numbers"),
        (lambda x: x**x, TypeError, "power must be a number"),
        (lambda x: 2**x, TypeError, "unsupported"),
        (lambda x: Tensor([x, x]), ValueError, "real numbers"),
        (lambda x: Tensor("3"), ValueError, "real numbers, got '3'"),
        (lambda x: np.exp(x), TypeError, "ufunc"),
        (lambda x: x.reshape(2, 2), ValueError, "size 3 into shape (2,2)"),
        (lambda x: x.sum(axis=1), ValueError, "axis 1 is out of bounds"),
        (lambda x: x.transpose(1), ValueError, "axis 1 is out of bounds"),
        (lambda x: x[3], IndexError, "out of bounds"),
    ],
)
def test_what_is_wrong_is_said(wrong, error, says):
    with pytest.raises(error) as caught:
        wrong(Tensor([1.0, 2.0, 3.0], True))
    assert says in str(caught.value)


def test_it_prints_its_numbers():
    assert repr(Tensor(2)) == "Tensor(2., requires_grad=False)"
    x = Tensor([[1, 2], [3, 4]], requires_grad=True)
    assert repr(x) == (
        "Tensor([[1., 2.],\n        [3., 4.]], requires_grad=True)"
    )


def test_broadcast_axes_are_summed():
    ones = np.ones((2, 3, 4))
    for shape in ((), (1,), (4,), (3, 1), (1, 1, 4), (2, 3, 4)):
        summed = d2l.sum_to_shape(ones, shape)
        assert summed.shape == shape
        assert summed is not ones
        assert (summed == 24 / np.prod(shape)).all()
