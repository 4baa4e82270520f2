"""Walking downhill: what the chapter saves, and what it writes out."""

import ast
import re

import matplotlib as mpl
import numpy as np
import pytest
import torch

mpl.use("agg")

import d2lmini as d2l
from booktools.source.chapter import read_book
from tests.books import ROOT

BOOK = read_book(ROOT)
[CHAPTER] = [c for c in BOOK.chapters if c.name == "gradient_descent"]
RANDOM = np.random.default_rng(0)


def functions(*names):
    """Return functions as the chapter defines them."""
    found = {"np": np}
    for cell in CHAPTER.cells:
        if not any(f"def {name}(" in cell.source for name in names):
            continue  # there may be lines of IPython's own
        for part in ast.parse(cell.source).body:
            if isinstance(part, ast.FunctionDef) and part.name in names:
                exec(ast.unparse(part), found)
    return [found[name] for name in names]


descend, roll, adam, nesterov, rmsprop, rate = functions(
    "descend", "roll", "adam", "nesterov", "rmsprop", "rate"
)


@pytest.fixture(autouse=True)
def no_figures():
    d2l.plt.close("all")
    yield
    d2l.plt.close("all")


# What is saved


def round_bowl(x1, x2):
    return x1**2 + 2 * x2**2


def half(x1, x2, s1, s2):
    return x1 / 2, x2 / 2, s1 + 1, s2 - 1


def test_train_2d_walks(capsys):
    results = d2l.train_2d(half, steps=2)
    assert results == [(-5, -2), (-2.5, -1), (-1.25, -0.5)]
    said = "epoch 2, x1: -1.250000, x2: -0.500000\n"
    assert capsys.readouterr().out == said


def test_train_2d_passes_on_what_a_trainer_keeps():
    seen = []

    def trainer(x1, x2, s1, s2):
        seen.append((s1, s2))
        return half(x1, x2, s1, s2)

    d2l.train_2d(trainer, 3)
    assert seen == [(0, 0), (1, -1), (2, -2)]


def test_train_2d_gives_the_gradient():
    def trainer(x1, x2, s1, s2, f_grad):
        g1, g2 = f_grad(x1, x2)
        return x1 - 0.1 * g1, x2 - 0.1 * g2, 0, 0

    results = d2l.train_2d(trainer, f_grad=lambda a, b: (2 * a, 4 * b))
    assert len(results) == 21
    np.testing.assert_allclose(results[-1], (-5 * 0.8**20, -2 * 0.6**20))


def test_train_2d_without_a_step(capsys):
    assert d2l.train_2d(half, 0) == [(-5, -2)]
    assert capsys.readouterr().out.startswith("epoch 0, x1: -5.0")
    with pytest.raises(ValueError, match="steps must not be negative"):
        d2l.train_2d(half, -1)


def test_listings_written_for_d2l_run():
    """Noise is a tensor of one number there, and f may use PyTorch."""

    def noisy(x1, x2, s1, s2, f_grad):
        g1, g2 = f_grad(x1, x2)
        g1 = g1 + torch.normal(0.0, 1, (1,))
        return x1 - 0.1 * g1, x2 - 0.1 * g2, 0, 0

    results = d2l.train_2d(noisy, steps=5, f_grad=lambda a, b: (2 * a, 4 * b))
    d2l.show_trace_2d(lambda x1, x2: torch.exp(x1 / 9) + x2**2, results)
    d2l.show_trace_2d(lambda x1, x2: torch.hypot(x1, x2), results)


def test_show_trace_2d_draws_the_walk_on_contours():
    results = [(-5, -2), (-1.0, torch.tensor([0.5])), (0, 0)]
    d2l.show_trace_2d(round_bowl, results)
    axes = d2l.plt.gca()
    [line] = axes.lines
    assert line.get_xydata().tolist() == [[-5, -2], [-1, 0.5], [0, 0]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x1", "x2")
    assert (axes.get_xlim(), axes.get_ylim()) == ((-5.5, 1), (-3, 1))
    [contours] = axes.collections
    assert len(contours.levels) > 3
    # The heights along a contour are its level.
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        if len(path.vertices):
            heights = round_bowl(*path.vertices.T)
            np.testing.assert_allclose(heights, level, atol=0.1)


def test_show_trace_2d_holds_the_whole_walk():
    d2l.show_trace_2d(round_bowl, [(-5, -2), (7, 3), (-20, 0)])
    axes = d2l.plt.gca()
    assert (axes.get_xlim(), axes.get_ylim()) == ((-20.5, 7.5), (-3, 3.5))


@pytest.mark.parametrize(
    ("f", "results", "message"),
    [
        (round_bowl, [], "pairs of finite numbers"),
        (round_bowl, [(1, 2, 3)], "pairs of finite numbers"),
        (round_bowl, [(0, np.nan)], "pairs of finite numbers"),
        (lambda x1, x2: 1.0, [(0, 0)], "f must return the shape"),
    ],
)
def test_show_trace_2d_says_what_is_wrong(f, results, message):
    with pytest.raises(ValueError, match=message):
        d2l.show_trace_2d(f, results)
    assert d2l.plt.get_fignums() == []


def test_annotate():
    d2l.plot([0, 1])
    d2l.annotate("here", (0.5, 0.5), xytext=(0.2, 0.8))
    [note] = d2l.plt.gca().texts
    assert note.get_text() == "here"
    assert (note.xy, note.get_position()) == ((0.5, 0.5), (0.2, 0.8))
    assert note.arrow_patch is not None
    with pytest.raises(ValueError, match="two finite numbers, got 3"):
        d2l.annotate("here", 3, (0, 0))


# What is written out, and PyTorch's

OPTIMIZERS = {
    "descend": (
        lambda slope, x, eta: descend(slope, x, eta, 30),
        lambda x, eta: torch.optim.SGD(x, lr=eta),
    ),
    "roll": (
        lambda slope, x, eta: roll(slope, x, eta, 0.8, 30),
        lambda x, eta: torch.optim.SGD(x, lr=eta, momentum=0.8),
    ),
    "nesterov": (
        lambda slope, x, eta: nesterov(slope, x, eta, 0.8, 30),
        lambda x, eta: torch.optim.SGD(x, lr=eta, momentum=0.8, nesterov=True),
    ),
    "adam": (
        lambda slope, x, eta: adam(slope, x, eta, 30, 0.8, 0.99),
        lambda x, eta: torch.optim.Adam(x, lr=eta, betas=(0.8, 0.99)),
    ),
    "rmsprop": (
        lambda slope, x, eta: rmsprop(slope, x, eta, 30, 0.8),
        lambda x, eta: torch.optim.RMSprop(x, lr=eta, alpha=0.8),
    ),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("eta", [0.003, 0.05])
def test_written_out_is_what_pytorch_does(name, eta):
    ours, theirs = OPTIMIZERS[name]
    for _ in range(10):
        root, start = RANDOM.normal(size=(4, 4)), RANDOM.normal(size=4)
        bowl = root @ root.T
        path = ours(lambda x, bowl=bowl: bowl @ x, start, eta)
        x = torch.tensor(start, requires_grad=True)
        optimizer = theirs([x], eta)
        for place in path:
            # Dividing by what is nearly 0 makes more of rounding.
            np.testing.assert_allclose(place, x.detach(), rtol=1e-7, atol=1e-9)
            optimizer.zero_grad()
            (x @ torch.tensor(bowl) @ x / 2).backward()
            optimizer.step()


def test_without_friction_is_without_clearing():
    start = np.array([-5.0, -2.0])
    path = roll(lambda x: np.array([0.1, 2]) * x, start, 0.3, 1, 40)
    x = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=0.3)
    for place in path:
        np.testing.assert_allclose(place, x.detach(), atol=1e-9)
        (0.05 * x[0] ** 2 + x[1] ** 2).backward()
        optimizer.step()


def test_the_rate_is_how_fast_a_walk_ends():
    for eta, beta in RANDOM.uniform(0, [2.2, 1], (100, 2)):
        steps = [[[1 + beta - eta * lam, -beta], [1, 0]] for lam in (0.1, 2.0)]
        roots = abs(np.linalg.eigvals(np.array(steps)))
        np.testing.assert_allclose(rate(eta, beta), roots.max(), rtol=1e-6)


def test_every_optimizer_is_asserted_in_a_cell():
    used = set()
    for cell in CHAPTER.cells:
        if "assert " in cell.source:
            used |= set(re.findall(r"torch\.optim\.(\w+)\(", cell.source))
    assert used >= {"SGD", "Adam", "RMSprop"}
