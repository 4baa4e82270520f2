"""`check_gradient` calls right gradients right and wrong ones wrong.

Where rounding hides the answer it says so, and takes no side.
"""

import math

import numpy as np
import pytest
import torch

import d2lmini as d2l

SEEDS = 20
# What may be hidden by rounding: at most this part of the right gradients.
UNDECIDED = 0.06


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def families(rng):
    """Make functions with their gradients and a point, at random."""
    n = int(rng.integers(1, 7))
    x, c = rng.normal(size=(2, n))
    a = rng.normal(size=(n, n))
    powers = rng.integers(0, 7, n)
    integers = rng.integers(-5, 6, n)
    scales = 10.0 ** rng.uniform(-8, 8, n)
    factor = 10.0 ** rng.uniform(-12, 12)
    width = 10.0 ** rng.uniform(-3, 3)
    positive = abs(x) * 10.0 ** rng.uniform(-6, 6, n)
    both = a + a.T

    def power(x):
        return c * powers * x ** np.maximum(powers - 1, 0)

    def parts(x):
        return np.array([np.prod(np.delete(x, i)) for i in range(x.size)])

    yield "power", lambda x: (c * x**powers).sum(), power, x
    yield "integers", lambda x: (c * x**powers).sum(), power, integers
    yield (
        "large",
        lambda x: (x**3).sum(),
        lambda x: 3 * x * x,
        [10**20, -(10**21)],
    )
    yield "exp", lambda x: np.exp(c * x).sum(), lambda x: c * np.exp(c * x), x
    yield (
        "sin",
        lambda x: np.sin(width * x).sum(),
        lambda x: width * np.cos(width * x),
        x,
    )
    yield (
        "far",
        lambda x: np.sin(x).sum(),
        np.cos,
        x * 10.0 ** rng.uniform(0, 7),
    )
    yield "form", lambda x: x @ a @ x, lambda x: both @ x, x
    yield (
        "factor",
        lambda x: factor * (np.sin(x).sum() + x @ a @ x),
        lambda x: factor * (np.cos(x) + both @ x),
        x,
    )
    yield (
        "scaled",
        lambda x: ((scales * x) ** 2 + np.sin(scales * x)).sum(),
        lambda x: 2 * scales**2 * x + scales * np.cos(scales * x),
        x / scales,
    )
    yield "log", lambda x: np.log(x).sum(), lambda x: 1 / x, positive
    yield (
        "math.log",
        lambda x: sum(t * math.log(t) for t in x),
        lambda x: np.log(x) + 1,
        abs(x),
    )
    yield (
        "sqrt",
        lambda x: np.sqrt(x).sum(),
        lambda x: 0.5 / np.sqrt(x),
        positive,
    )
    yield (
        "norm",
        np.linalg.norm,
        lambda x: x / np.linalg.norm(x),
        x * 10.0 ** rng.uniform(-6, 6),
    )
    yield "product", np.prod, parts, x
    yield (
        "relu",
        lambda x: (np.maximum(a @ x, 0) ** 2).sum() + np.maximum(c, x).sum(),
        lambda x: 2 * a.T @ np.maximum(a @ x, 0) + (x > c),
        x,
    )
    yield (
        "unused",
        lambda x: 100 * np.sin(x[0]),
        lambda x: 100 * np.cos(x[0]) * np.eye(n)[0],
        x,
    )
    yield (
        "bottom",
        lambda x: factor * np.cosh(x - c).sum(),
        lambda x: factor * np.sinh(x - c),
        c,
    )
    yield (
        "sigmoid",
        lambda x: sigmoid(x).sum(),
        lambda x: sigmoid(x) * sigmoid(-x),
        4 * x,
    )
    yield (
        "1-cos",
        lambda x: (1 - np.cos(x)).sum(),
        np.sin,
        x * 10.0 ** rng.uniform(-4, 0),
    )
    yield (
        "float32",
        lambda x: np.float32(a @ x) @ np.float32(a @ x),
        lambda x: 2 * a.T @ (a @ x),
        x.astype(np.float32),
    )
    data = rng.normal(size=(50, n))
    y = np.sign(rng.normal(size=50))
    yield (
        "logistic",
        lambda x: np.log1p(np.exp(-y * (data @ x))).sum(),
        lambda x: -data.T @ (y * sigmoid(-y * (data @ x))),
        x,
    )
    m = torch.tensor(a)
    yield (
        "matrix",
        lambda X: torch.trace(m @ X @ X.T @ m.T),
        lambda X: 2 * m.T @ m @ X,
        torch.tensor(rng.normal(size=(n, 3)), dtype=torch.float32),
    )
    yield (
        "torch",
        lambda x: torch.logsumexp(m @ torch.sin(x), 0),
        lambda x: torch.cos(x) * (m.T @ torch.softmax(m @ torch.sin(x), 0)),
        torch.tensor(x),
    )
    many = rng.normal(size=100)
    yield (
        "many",
        lambda x: (np.tanh(x) * many).sum(),
        lambda x: many / np.cosh(x) ** 2,
        rng.normal(size=100),
    )
    yield (
        "offset",
        lambda x: 1e6 + (1 / (1 + x * x)).sum(),
        lambda x: -2 * x / (1 + x * x) ** 2,
        x,
    )


def mistaken(rng, gradient):
    """Make one component wrong, by a thousandth or by a lot."""
    wrong = gradient.copy()
    i = tuple(rng.integers(wrong.shape))
    right = wrong[i]
    wrong[i] = rng.choice(
        [
            1.002 * right,
            -right,
            0,
            3 * right,
            right + abs(gradient).max() * 10.0 ** rng.uniform(-2, 1),
        ]
    )
    return wrong, abs(wrong[i] - right) / (abs(right) + abs(wrong[i]) or 1)


def test_five_hundred_functions(capsys):
    checked, undecided, errors = 0, [], []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        for name, f, grad_f, x in families(rng):
            checked += 1
            case = f"{name}, seed {seed}"
            right = d2l.check_gradient(f, grad_f, x)
            said = capsys.readouterr().out
            if right is False:
                errors.append(f"right called wrong: {case}: {said}")
            elif right is None:
                undecided.append(case)
                assert said.startswith("cannot tell: ")
            point = d2l.type_as(d2l.to_point(x), x)
            gradient = d2l.to_array(grad_f(point)).astype(float)
            wrong, by = mistaken(rng, gradient)
            if by > 5e-4 and d2l.check_gradient(f, lambda _: wrong, x):  # noqa: B023
                errors.append(f"wrong called right: {case}: {wrong}")
            capsys.readouterr()
    assert checked == 500
    assert errors == []
    assert len(undecided) <= UNDECIDED * checked, undecided


def lopsided(x):
    return np.exp(x).sum()


def steps(x):
    return np.floor(x).sum()


RAISED = []


def sometimes_other(x):
    RAISED.append(1)
    return x.sum() + len(RAISED)


def fast(x):
    return np.sin(1e20 * x)


def mixed(x):
    return float(np.float32(np.sin(x[0]))) + 0.001 * x[0] ** 2


@pytest.mark.parametrize(
    ("f", "grad_f", "x", "verdict", "text"),
    [
        # The fault that this replaced: exp(30) is about 1e13.
        (lopsided, lambda x: np.exp(x) * [1, 3], [30.0, 0.0], False, "is 3"),
        (lopsided, np.exp, [30.0, 0.0], None, "is 1, should be between 0.7"),
        (lopsided, lambda x: np.exp(x) * [1, 3], [40.0, 0.0], None, "is 3"),
        (lopsided, lambda x: np.exp(x) * [1, 0], [40.0, 0.0], None, "is 0"),
        # No slope: a kink, a jump.
        (lambda x: abs(x).sum(), np.sign, [0.0, 1.0], None, "between -1"),
        (lambda x: abs(x).sum(), lambda x: x + 2, [0.0], False, "is 2"),
        (
            lambda x: np.maximum(x, 0).sum(),
            lambda x: x + 0.5,
            0,
            None,
            "0 and",
        ),
        (steps, lambda x: 0 * x, [1.0, 1.5], None, "component [0]"),
        # Close to a kink there is one.
        (lambda x: abs(x).sum(), np.sign, [1e-9, -1e-12], True, "right"),
        # Chaos below the last digit of x.
        (lambda x: np.sin(x).sum(), np.cos, [1e20], None, "inf"),
        (fast, lambda x: 1e20 * np.cos(x), 0, None, ""),
        # The same x, another value.
        (sometimes_other, lambda x: 0 * x + 1, [1.0, 2.0], None, "then"),
        (lambda x: x.sum() * np.nan, lambda x: x, [1.0, 2.0], None, "nan"),
        # Nothing is nan, infinite, or of another shape.
        (lambda x: x @ x, lambda x: x * np.nan, [1.0, 2.0], False, "is nan"),
        (lambda x: x @ x, lambda x: x * np.inf, [1.0, 2.0], False, "is inf"),
        (lambda x: x @ x, lambda x: x[:1], [1.0, 2.0], False, "shape (1,)"),
        (lambda x: x @ x, lambda x: 2.0, [1.0, 2.0], False, "shape ()"),
        # Digits lost on the way, and slopes that differ at a wider look.
        (lambda x: (1e10 + x) - 1e10, lambda x: 1 + 0 * x, 1.0, None, "is 1"),
        (mixed, lambda x: np.cos(x) + 0.002 * x, [1.0], None, "is 0.54"),
        (
            lambda x: x + 1e-8 * np.sin(1e8 * x),
            lambda x: 1 + np.cos(1e8 * x),
            0.0,
            None,
            "is 2",
        ),
        # Zero slopes: at the bottom, of high powers, of what is not used.
        (lambda x: (x**5).sum() + 3, lambda x: 5 * x**4, [0, 1], True, ""),
        (lambda x: (x[0] - 1) ** 2, lambda x: 2 * (x - 1), [1.0], True, ""),
        (lambda x: x[0], lambda x: np.array([1, 0]), [1.0, 9.0], True, ""),
        (lambda x: x[0], lambda x: np.array([1, 3]), [1.0, 9.0], False, ""),
        (lambda x: 1.0, lambda x: 0 * x, np.ones((2, 3)), True, ""),
        # f needs not be there on both sides of a wide step.
        (lambda x: math.log(x), lambda x: 1 / x, 1e-3, True, ""),
        (lambda x: math.sqrt(x - 1), lambda x: 0 * x, 1, None, "inf"),
        (lambda x: 1 / x, lambda x: -1 / x**2, 0.4, True, ""),
        # Tiny and huge.
        (lambda x: 1e-300 * x, lambda x: 1e-300 + 0 * x, 2.0, True, ""),
        (lambda x: 1e300 * x, lambda x: 1e300 + 0 * x, 2.0, True, ""),
        (lambda x: 1e-300 * x, lambda x: 2e-300 + 0 * x, 2.0, False, ""),
        (lambda x: x * x, lambda x: 2 * x, 1e150, True, ""),
        (lambda x: x * x, lambda x: 2 * x, 1e-150, True, ""),
        (lambda x: x * x, lambda x: 2 * x, 1e-310, True, ""),
        (lambda x: x / 1e300, lambda x: 1e-300 + 0 * x, 1.7e308, True, ""),
        (fast, lambda x: 1e20 * np.cos(1e20 * x), 1e-20, True, ""),
    ],
)
def test_verdicts(f, grad_f, x, verdict, text, capsys):
    RAISED.clear()
    assert d2l.check_gradient(f, grad_f, x) is verdict
    said = capsys.readouterr().out
    word = {True: "right", False: "wrong", None: "cannot tell"}[verdict]
    assert f"{word}: " in said
    assert text in said


def test_functions_that_change_their_argument(capsys):
    def f(x):
        x *= 2
        return (x**2).sum()

    def grad_f(x):
        x *= 8
        return x

    for x in (np.array([1.0, -2.0]), torch.tensor([1.0, -2.0])):
        before = x.tolist()
        gradient = d2l.numerical_gradient(f, x)
        np.testing.assert_allclose(gradient, [8, -16], rtol=1e-8)
        assert d2l.check_gradient(f, grad_f, x) is True
        assert x.tolist() == before
        jacobian = d2l.numerical_jacobian(lambda x: x.__imul__(2), x)
        np.testing.assert_allclose(jacobian, [[2, 0], [0, 2]], atol=1e-9)
    x = np.array(3.0)
    assert d2l.numerical_lim(f, x, 1e-6) == pytest.approx(24, abs=1e-4)
    assert x == 3


def test_a_gradient_in_one_buffer():
    buffer = np.empty(2)

    def grad_f(x):
        return np.multiply(2, x, out=buffer)

    assert d2l.check_gradient(lambda x: grad_f(x) @ x / 2, grad_f, [1.0, 3.0])
