"""What the chapter on generalisation says holds for many data sets.

Each claim is tried with the chapter's own functions and twenty seeds.
"""

import ast
import hashlib

import numpy as np
import pytest
import torch

import d2lmini as d2l
from booktools.source.chapter import read_book
from tests.books import ROOT

[CHAPTER] = [c for c in read_book(ROOT).chapters if c.name == "generalization"]
SEEDS = range(20)
CONSTANTS = {"x", "grid", "coarse", "widths", "PLACES", "TEMPERATURES"}
CONSTANTS |= {"names", "places", "table", "temperatures", "annual"}


def definitions():
    """Run the chapter's functions and the data that they read."""
    found = {"np": np, "torch": torch, "d2l": d2l}
    for cell in CHAPTER.cells:
        for part in ast.parse(cell.source).body:
            names = set()
            if isinstance(part, ast.Assign):
                names = {
                    node.id
                    for target in part.targets
                    for node in ast.walk(target)
                    if isinstance(node, ast.Name)
                }
            constant = names and names <= CONSTANTS
            if constant or isinstance(part, ast.FunctionDef):
                # The answers come last: their names are not wanted.
                if constant and names & found.keys():
                    continue
                exec(ast.unparse(part), found)
        if "def draw_city(" in cell.source:
            return found
    raise LookupError


BOOK = definitions()
truth, fit, error = BOOK["truth"], BOOK["fit"], BOOK["error"]
X_PLACES, GRID, COARSE = BOOK["x"], BOOK["grid"], BOOK["coarse"]


def sample(seed, sigma=0.3):
    """Return what is measured at 15 places, and 1,000 new points."""
    rng = np.random.default_rng(seed)
    y = truth(X_PLACES) + sigma * rng.standard_normal(15)
    x_new = rng.uniform(-1, 1, 1000)
    return y, x_new, truth(x_new) + sigma * rng.standard_normal(1000)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cubic_is_better_than_a_line_and_than_degree_14(seed):
    y, x_new, y_new = sample(seed)
    fits = {degree: fit(X_PLACES, y, degree) for degree in range(15)}
    training = [error(w, X_PLACES, y) for w in fits.values()]
    new = [error(w, x_new, y_new) for w in fits.values()]
    assert new[3] < new[1]
    assert new[3] < new[14]
    assert all(np.diff(training) < 1e-9)
    assert training[14] < 1e-12


def test_the_best_degree_is_near_three():
    best = []
    for seed in SEEDS:
        y, x_new, y_new = sample(seed)
        errors = [error(fit(X_PLACES, y, d), x_new, y_new) for d in range(15)]
        best.append(np.argmin(errors))
    assert set(best) <= {3, 4, 5, 6}
    assert np.median(best) == 3


def test_one_point_moves_the_complex_curve_further():
    y = np.eye(15)[7]
    reach = [
        abs(np.polyval(fit(X_PLACES, y, degree), GRID)).max()
        for degree in (3, 12)
    ]
    assert reach == pytest.approx([0.15, 2.4], abs=0.1)


@pytest.mark.parametrize("degree", [0, 1, 3, 8])
@pytest.mark.parametrize("seed", [0, 1])
def test_bias_and_variance_and_noise_are_the_error(degree, seed):
    curves = BOOK["resample"](degree, 4000, COARSE, seed)
    noise = 0.3 * np.random.default_rng(-seed + 9).standard_normal(
        curves.shape
    )
    bias = ((curves.mean(0) - truth(COARSE)) ** 2).mean()
    measured = ((curves - truth(COARSE) - noise) ** 2).mean()
    total = bias + curves.var(0).mean() + 0.09
    assert measured == pytest.approx(total, rel=0.03)


def test_bias_falls_and_variance_rises_with_the_degree():
    degrees = (0, 1, 3, 8, 12)
    bunches = [BOOK["resample"](degree, 2000, COARSE) for degree in degrees]
    bias = [((c.mean(0) - truth(COARSE)) ** 2).mean() for c in bunches]
    variance = [c.var(0).mean() for c in bunches]
    assert bias[0] > bias[1] > 30 * bias[2]
    assert variance == sorted(variance)


@pytest.mark.slow
def test_shuffled_answers_are_learnt_by_heart():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        asked, answers = BOOK["sum_data"](80, rng)
        new = BOOK["sum_data"](1000, rng)
        shuffled = answers[torch.tensor(rng.permutation(80))]
        real, real_loss = BOOK["train_net"](asked, answers, *new)
        mixed, mixed_loss = BOOK["train_net"](asked, shuffled, *new)
        assert real[-1, 0] == mixed[-1, 0] == 0
        assert max(real_loss, mixed_loss) < 0.02
        assert real[-1, 1] < 0.2 < 0.3 < mixed[-1, 1] < 0.7


def test_the_best_of_a_thousand_guesses_looks_good():
    best, fresh = [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        asked, answers = rng.standard_normal((20, 50)), rng.integers(0, 2, 20)
        weights = rng.standard_normal((50, 1000))
        scores = ((asked @ weights > 0) == answers[:, None]).mean(0)
        w = weights[:, scores.argmax()]
        asked_fresh = rng.standard_normal((1000, 50))
        answers_fresh = rng.integers(0, 2, 1000)
        best.append(scores.max())
        fresh.append((((asked_fresh @ w) > 0) == answers_fresh).mean())
    assert min(best) >= 0.8
    assert np.mean(best) == pytest.approx(0.84, abs=0.03)
    assert max(abs(np.array(fresh) - 0.5)) < 0.06


def test_cross_validation_chooses_well():
    """Not always the best degree, but never one that is far off."""
    regret = []
    for seed in SEEDS:
        y, x_new, y_new = sample(seed)
        errors = [error(fit(X_PLACES, y, d), x_new, y_new) for d in range(8)]
        scores = [BOOK["cross_validate"](d, X_PLACES, y) for d in range(8)]
        regret.append(errors[np.argmin(scores)] / min(errors))
    assert np.median(regret) < 1.1
    assert sum(r < 1.6 for r in regret) >= 18


@pytest.mark.parametrize("seed", SEEDS)
def test_some_weight_decay_is_better_than_none_or_much(seed):
    y, x_new, y_new = sample(seed)
    none, some, much = (
        error(BOOK["fit_decay"](X_PLACES, y, 14, lam), x_new, y_new)
        for lam in (0, 1e-2, 100)
    )
    assert some < none
    assert some < much


@pytest.mark.parametrize("seed", SEEDS)
def test_stopping_early_is_better_than_going_on(seed):
    y, x_new, y_new = sample(seed)
    features, features_new = (
        BOOK["features"](X_PLACES),
        BOOK["features"](x_new),
    )
    eta = 1 / np.linalg.eigvalsh(features.T @ features / 15)[-1]
    w, errors = np.zeros(15), {}
    for step in range(10_001):
        if step in (100, 10_000):
            errors[step] = np.mean((features_new @ w - y_new) ** 2)
        w = w - eta * features.T @ (features @ w - y) / 15
    assert errors[100] < errors[10_000]


def test_double_descent_has_a_peak_and_no_guarantee():
    peaks = better = 0
    for seed in SEEDS:
        rng = np.random.default_rng(100 + seed)
        y = truth(X_PLACES) + 0.3 * rng.standard_normal(15)
        errors = np.array(
            [
                np.median([BOOK["wide_error"](m, 0, y, rng) for _ in range(9)])
                for m in BOOK["widths"]
            ]
        )
        peaks += errors[7:12].max() > max(errors[:7].min(), errors[-1])
        better += errors[-1] < errors[:7].min()
    assert peaks >= 18
    assert better <= 8


def test_the_table_is_what_was_printed():
    places, table = BOOK["PLACES"], BOOK["TEMPERATURES"]
    digest = hashlib.sha256((places + table).encode()).hexdigest()
    code = "".join(cell.source for cell in CHAPTER.cells)
    assert digest[:32] in code
    assert digest[32:] in code
    assert BOOK["temperatures"].shape == (25, 12)
    annual = BOOK["temperatures"].mean(1)
    np.testing.assert_allclose(annual, BOOK["annual"], atol=0.0501)
    in_table = [line.split()[0] for line in table.splitlines()]
    assert in_table == BOOK["names"]


@pytest.mark.slow
def test_the_network_is_better_than_a_line_in_cities_never_seen():
    network, line, by_city, by_row = [], [], [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        order = rng.permutation(25)
        points, y = BOOK["rows"](order[5:])
        sealed = BOOK["rows"](order[:5])
        network.append(
            BOOK["rmse"](BOOK["predictor"](points, y, 0.01), *sealed)
        )
        line.append(BOOK["rmse"](BOOK["linear_predictor"](points, y), *sealed))
        mixed = rng.permutation(240)
        by_city.append(BOOK["cross_validate_net"](points, y, 0))
        by_row.append(BOOK["cross_validate_net"](points[mixed], y[mixed], 0))
    assert all(np.array(network) < line)
    assert np.mean(network) < 0.65 * np.mean(line)
    assert all(np.array(by_row) < by_city)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_own_engine_finds_the_numbers_of_pytorch(seed):
    points, y = BOOK["rows"](np.random.default_rng(seed).permutation(25)[:8])
    points, y = BOOK["standardize"](points, points), BOOK["standardize"](y, y)
    first = BOOK["first_parameters"](seed=seed)
    own = [d2l.Tensor(p, requires_grad=True) for p in first]
    theirs = [torch.tensor(p, requires_grad=True) for p in first]
    losses = BOOK["train"](own, d2l.Tensor(points), d2l.Tensor(y), 0.01, 100)
    expected = BOOK["train"](
        theirs, torch.tensor(points), torch.tensor(y), 0.01, 100
    )
    assert losses[-1] < losses[0] / 3
    np.testing.assert_allclose(losses, expected, rtol=1e-10)


@pytest.mark.parametrize("n", [5, 7, 15])
@pytest.mark.parametrize("k", [2, 3, 5])
def test_each_row_is_validated_once(n, k):
    points, y = np.arange(2 * n).reshape(n, 2), torch.arange(n)
    seen = []
    for i in range(k):
        train_rows, y_train, valid_rows, y_valid = d2l.get_k_fold_data(
            k, i, points, y
        )
        assert (train_rows[:, 0] == 2 * y_train.numpy()).all()
        assert (valid_rows[:, 0] == 2 * y_valid.numpy()).all()
        assert sorted([*y_train.tolist(), *y_valid.tolist()]) == [*range(n)]
        assert n // k <= len(y_valid) <= -(-n // k)
        seen += y_valid.tolist()
    assert seen == [*range(n)]


@pytest.mark.parametrize(
    ("k", "i", "rows"), [(1, 0, 5), (6, 0, 5), (5, 5, 5), (5, -1, 5)]
)
def test_a_part_that_is_not_there(k, i, rows):
    with pytest.raises(ValueError, match=f"no part {i} of {k} in {rows}"):
        d2l.get_k_fold_data(k, i, np.ones(rows), np.ones(rows))


def test_as_many_targets_as_samples():
    with pytest.raises(ValueError, match="X has 3 rows, y has 2"):
        d2l.get_k_fold_data(2, 0, np.ones(3), np.ones(2))
    with pytest.raises(TypeError, match="arrays or tensors"):
        d2l.get_k_fold_data(2, 0, [1, 2, 3], np.ones(3))
