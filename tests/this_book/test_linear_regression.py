"""Linear regression: what the chapter claims, for many seeds; its helpers."""

# ruff: noqa: N806 - X is a matrix

import itertools
import sys
import types

import matplotlib as mpl
import numpy as np
import pytest
import torch

mpl.use("agg")

import d2lmini as d2l

SEEDS = pytest.mark.parametrize("seed", range(20))


def problem(seed, rows=50, columns=3):
    """Make data of a line, or a plane, with noise; the last column is 1."""
    rng = np.random.default_rng(seed)
    X = rng.normal(rng.normal() / 2, 1, (rows, columns))
    X[:, -1] = 1
    return X, X @ rng.normal(size=columns) + rng.normal(size=rows)


def largest_rate(X):
    return 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X)[-1]


def by_hand(X, y, rate, steps):
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = w - rate * 2 / len(y) * X.T @ (X @ w - y)
    return w


def by_engine(X, y, rate, steps):
    w = d2l.Tensor(np.zeros(X.shape[1]), requires_grad=True)
    for _ in range(steps):
        ((X @ w - y) ** 2).mean().backward()
        w.data -= rate * w.grad
        w.zero_grad()
    return w.data


def by_pytorch(X, y, rate, steps):
    X, y = torch.tensor(X), torch.tensor(y)
    w = torch.zeros(X.shape[1], dtype=torch.float64, requires_grad=True)
    trainer = torch.optim.SGD([w], lr=rate)
    for _ in range(steps):
        trainer.zero_grad()
        ((X @ w - y) ** 2).mean().backward()
        trainer.step()
    return w.detach().numpy()


@SEEDS
def test_all_ways_have_one_answer(seed):
    X, y = problem(seed)
    w = np.linalg.solve(X.T @ X, X.T @ y)
    np.testing.assert_allclose(np.linalg.lstsq(X, y)[0], w, rtol=1e-10)
    np.testing.assert_allclose(X.T @ (X @ w - y), 0, atol=1e-10)
    rate = 0.9 * largest_rate(X)
    for steps in (1, 7, 500):
        expected = by_hand(X, y, rate, steps)
        for way in (by_engine, by_pytorch):
            found = way(X, y, rate, steps)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(expected, w, atol=1e-6)


@SEEDS
def test_a_rate_below_two_over_the_largest_curvature_goes_down(seed):
    X, y = problem(seed)
    best = np.linalg.lstsq(X, y)[0]
    limit = largest_rate(X)
    start = np.linalg.norm(best)
    far = np.linalg.norm(by_hand(X, y, 1.02 * limit, 2000) - best)
    near = np.linalg.norm(by_hand(X, y, 0.98 * limit, 2000) - best)
    assert near < 1e-6 * start
    assert far > 1e6 * start


@SEEDS
def test_mse_loss_takes_half_the_learning_rate(seed):
    torch.manual_seed(seed)
    data = d2l.synthetic_data(torch.randn(3), 1.5, 200)
    w = torch.zeros((3, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    for X, y in d2l.load_array(data, 10, is_train=False):
        d2l.squared_loss(d2l.linreg(X, w, b), y).sum().backward()
        d2l.sgd([w, b], 0.06, 10)
    found = {}
    for rate in (0.03, 0.06):
        net = torch.nn.Linear(3, 1)
        torch.nn.init.zeros_(net.weight)
        torch.nn.init.zeros_(net.bias)
        trainer = torch.optim.SGD(net.parameters(), lr=rate)
        for X, y in d2l.load_array(data, 10, is_train=False):
            trainer.zero_grad()
            torch.nn.MSELoss()(net(X), y).backward()
            trainer.step()
        found[rate] = torch.cat([net.weight[0], net.bias]).detach()
    ours = torch.cat([w[:, 0], b]).detach()
    torch.testing.assert_close(found[0.03], ours)
    assert not torch.allclose(found[0.06], ours, atol=1e-3)


@SEEDS
def test_a_loss_of_all_pairs_learns_the_mean(seed):
    torch.manual_seed(seed)
    x = torch.randn(30, 1)
    y = (2 * x + 1 + 0.3 * torch.randn(30, 1))[:, 0]
    w = torch.zeros((1, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    for _ in range(500):
        loss = (d2l.linreg(x, w, b) - y) ** 2
        assert loss.shape == (30, 30)
        loss.mean().backward()
        d2l.sgd([w, b], 0.1, 1)
    assert abs(w.item()) < 1e-4
    assert b.item() == pytest.approx(y.mean().item(), abs=1e-4)
    # The saved loss does not fall for it.
    assert d2l.squared_loss(d2l.linreg(x, w, b), y).shape == (30, 1)


def least_absolute(x, y):
    lines = [
        np.polyfit(x[[i, j]], y[[i, j]], 1)
        for i, j in itertools.combinations(range(len(x)), 2)
    ]
    return min(lines, key=lambda p: abs(np.polyval(p, x) - y).sum())


def test_an_outlier_moves_squares_and_hardly_absolutes():
    x = np.arange(8.0) ** 1.1  # at even distances, several lines are best
    moves = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y = 2 + x / 2 + 0.4 * rng.normal(size=8)
        lines = []
        for error in (0, 4, 8, 16):
            wrong = y.copy()
            wrong[-1] += error
            lines.append((np.polyfit(x, wrong, 1), least_absolute(x, wrong)))
        squared, absolute = np.swapaxes(lines, 0, 1)
        # As far as the error is; above the line it does not matter how far.
        once, again, twice = np.diff(squared[:, 0])
        np.testing.assert_allclose([again, twice / 2], once)
        np.testing.assert_allclose(absolute[2], absolute[3])
        moves.append(abs(absolute[1, 0] - absolute[0, 0]) / once)
    assert np.mean(moves) < 0.5
    assert max(moves) < 1


@SEEDS
def test_with_a_column_twice_predictions_agree_and_weights_do_not(seed):
    X, y = problem(seed)
    X = np.column_stack([X, 2 * X[:, 0]])
    rate = 0.9 * largest_rate(X)
    rng = np.random.default_rng(seed)
    ends = []
    for start in (np.zeros(4), rng.normal(size=4), rng.normal(size=4)):
        w = start
        for _ in range(1000):
            w = w - rate * 2 / len(y) * X.T @ (X @ w - y)
        ends.append(w)
        np.testing.assert_allclose(X @ w, X @ ends[0], atol=1e-5)
    np.testing.assert_allclose(ends[0], np.linalg.lstsq(X, y)[0], atol=1e-5)
    assert np.linalg.norm(ends[0] - ends[1]) > 1e-2


@SEEDS
def test_synthetic_data_is_what_it_is_made_of(seed):
    torch.manual_seed(seed)
    w = torch.tensor([2, -3.4])
    X, y = d2l.synthetic_data(w, 4.2, 1000)
    assert (X.shape, y.shape) == ((1000, 2), (1000, 1))
    noise = y[:, 0] - X @ w - 4.2
    assert noise.std().item() == pytest.approx(0.01, rel=0.15)
    assert abs(noise.mean()) < 0.002
    # With w as a column, too: no table of all pairs.
    assert d2l.synthetic_data(w[:, None], 4.2, 5)[1].shape == (5, 1)


@pytest.mark.parametrize("kind", [torch.tensor, np.array])
def test_batches_have_each_example_once(kind):
    features = kind([[float(i), -float(i)] for i in range(10)])
    labels = kind([[10.0 * i] for i in range(10)])
    torch.manual_seed(0)
    for size, sizes in ((4, [4, 4, 2]), (5, [5, 5]), (99, [10])):
        batches = [*d2l.data_iter(size, features, labels)]
        assert [len(X) for X, _ in batches] == sizes
        rows = [row for X, _ in batches for row in X.tolist()]
        numbers = [int(row[0]) for row in rows]
        assert sorted(numbers) == list(range(10))
        assert numbers != sorted(numbers)
        for X, y in batches:
            assert type(X) is type(features)
            assert (10 * X[:, :1] == y).all()
    with pytest.raises(ValueError, match="10 examples have 9 labels"):
        next(d2l.data_iter(3, features, labels[:9]))


def test_load_array_shuffles_only_for_training():
    rows = torch.arange(20.0).reshape(-1, 1)
    torch.manual_seed(0)
    kept = d2l.load_array((rows, -rows), 8, is_train=False)
    mixed = d2l.load_array((rows, -rows), 8)
    for _ in range(2):
        assert torch.equal(torch.cat([X for X, _ in kept]), rows)
        shuffled = torch.cat([X for X, _ in mixed])
        assert not torch.equal(shuffled, rows)
        assert torch.equal(shuffled.sort(0).values, rows)


@pytest.mark.parametrize("kind", [torch.tensor, np.array, d2l.Tensor])
def test_the_model_and_its_loss_take_all_kinds_of_numbers(kind):
    X, w, y = kind([[1.0, 2.0], [3.0, 4.0]]), kind([[1.0], [-1.0]]), [0.0, 1.0]
    y_hat = d2l.linreg(X, w, 0.5)
    loss = d2l.squared_loss(y_hat, kind(y))
    data = loss.data if isinstance(loss, d2l.Tensor) else loss
    assert data.tolist() == [[0.125], [1.125]]


def test_sgd_steps_and_clears():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    (w**2).sum().backward()
    d2l.sgd([w], 0.5, 2)
    assert w.tolist() == [0.5, 1]
    assert w.grad.tolist() == [0, 0]
    assert w.is_leaf
    with pytest.raises(TypeError, match="NoneType"):
        d2l.sgd([torch.zeros(2, requires_grad=True)], 0.5, 2)


def test_accumulator():
    sums = d2l.Accumulator(2)
    sums.add(1, torch.tensor(2.0))
    sums.add(3, 4)
    assert (sums[0], sums[1]) == (4.0, 6.0)
    sums.reset()
    assert (sums[0], sums[1]) == (0.0, 0.0)


def test_evaluate_loss_averages_examples_not_batches():
    X = torch.arange(5.0).reshape(-1, 1)
    batches = d2l.load_array((X, torch.zeros(5)), 2, is_train=False)
    loss = d2l.evaluate_loss(lambda X: 2 * X, batches, d2l.squared_loss)
    assert loss == pytest.approx((0 + 4 + 16 + 36 + 64) / 2 / 5)


def test_animator_draws_what_is_added():
    d2l.plt.close("all")
    animator = d2l.Animator("epoch", "loss", ["a", "b"], (0, 3), (1, 9))
    animator.add(1, (2, None))
    animator.add(2, (torch.tensor(3.0), 4.0))
    animator.add([3, 4], [5, 6])
    axes = animator.axes[0]
    drawn = [tuple(map(list, line.get_data())) for line in axes.lines]
    assert drawn == [([1, 2, 3], [2, 3, 5]), ([2, 4], [4, 6])]
    assert [line.get_linestyle() for line in axes.lines] == ["-", "--"]
    assert (axes.get_xlim(), axes.get_ylabel()) == ((0, 3), "loss")
    assert len(axes.get_legend().get_texts()) == 2
    assert d2l.plt.gcf() is animator.fig
    with pytest.raises(ValueError, match="x has 3 values, y has 2"):
        animator.add([1, 2, 3], [4, 5])
    with pytest.raises(ValueError, match="unknown scale"):
        d2l.Animator(yscale="lg")
    d2l.plt.close("all")
    alone = d2l.Animator(nrows=2, ncols=3, figsize=(6, 3))
    alone.add(0, 1)
    assert len(alone.axes) == 6
    assert tuple(alone.fig.get_size_inches()) == (6, 3)
    d2l.plt.close("all")


def test_animator_has_one_picture_in_a_notebook(monkeypatch):
    """It is shown once, then renewed, and not shown again below the cell."""
    calls = []

    class Handle:
        def update(self, figure):
            calls.append(("update", figure))

    def display(figure, display_id):
        calls.append(("display", figure))
        return Handle()

    shell = types.SimpleNamespace(kernel=object())
    ipython = types.SimpleNamespace(
        get_ipython=lambda: shell,
        display=types.SimpleNamespace(display=display),
    )
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.delenv("BUILDING_BOOK", raising=False)
    monkeypatch.setattr(
        "d2lmini.calculus.use_svg_display", lambda: None, raising=True
    )
    monkeypatch.setattr(d2l, "use_svg_display", lambda: None, raising=False)
    d2l.plt.close("all")
    animator = d2l.Animator()
    for step in range(3):
        animator.add(step, step)
    assert [name for name, _ in calls] == ["display", "update", "update"]
    assert {figure for _, figure in calls} == {animator.fig}
    assert d2l.plt.get_fignums() == []
    monkeypatch.setenv("BUILDING_BOOK", "1")
    d2l.Animator().add(1, 1)
    assert len(calls) == 3
    assert len(d2l.plt.get_fignums()) == 1
    d2l.plt.close("all")
