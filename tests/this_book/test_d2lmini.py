"""The package made from the chapters: each helper does what it promises."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import matplotlib as mpl
import nbformat.v4
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

mpl.use("agg")

import d2lmini as d2l

ROOT = Path(__file__).parents[2]
LISTINGS = sorted((ROOT / "tests" / "this_book" / "listings").glob("*.py"))


@pytest.fixture
def axes():
    figure, axes = d2l.plt.subplots()
    yield axes
    d2l.plt.close(figure)


def lines(axes):
    return [tuple(map(tuple, line.get_data())) for line in axes.lines]


def test_numerical_lim():
    quotients = [
        f"{d2l.numerical_lim(lambda x: 3 * x**2 - 4 * x, 1, h):.5f}"
        for h in (0.1, 0.01, 0.001, 0.0001, 0.00001)
    ]
    assert quotients == ["2.30000", "2.03000", "2.00300", "2.00030", "2.00003"]


@pytest.mark.parametrize(
    ("X", "Y"),
    [
        ([1, 2], [3, 4]),
        ((1, 2), (3, 4)),
        (np.array([1, 2]), np.array([3, 4])),
        ([1, 2], [[3, 4]]),
        ([[1, 2]], [np.array([3, 4])]),
        (range(1, 3), iter([3, 4])),
        (torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])),
        (torch.tensor([1, 2]), [torch.tensor(3.0), torch.tensor(4.0)]),
        (
            torch.tensor([1.0, 2.0], requires_grad=True),
            [torch.tensor([3.0, 4.0], requires_grad=True) * 1],
        ),
        (torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]).bfloat16()),
    ],
)
def test_plot_accepts_one_curve_in_any_form(axes, X, Y):
    d2l.plot(X, Y, axes=axes)
    assert lines(axes) == [((1, 2), (3, 4))]


@pytest.mark.parametrize(
    "Y", [[[3, 4], [5, 6]], np.array([[3, 4], [5, 6]]), torch.eye(2) * 0]
)
def test_plot_shares_one_x_among_curves(axes, Y):
    d2l.plot([1, 2], Y, axes=axes)
    assert lines(axes) == [((1, 2), tuple(map(float, y))) for y in Y]


def test_plot_without_x_counts(axes):
    d2l.plot([[3, 4], [5, 6, 7]], axes=axes)
    assert lines(axes) == [((0, 1), (3, 4)), ((0, 1, 2), (5, 6, 7))]


def test_plot_uses_formats_in_turn(axes):
    d2l.plot([1, 2], [[i, i] for i in range(6)], axes=axes)
    styles = [line.get_linestyle() for line in axes.lines]
    assert styles == ["-", "--", "-.", ":", "-", "--"]


def test_plot_sets_axes_and_clears_them_first(axes):
    axes.plot([9, 9], [9, 9])
    d2l.plot(
        [1, 10],
        [[1, 10]],
        "x",
        "y",
        ["line"],
        (1, 20),
        (1, 30),
        "log",
        "log",
        axes=axes,
    )
    assert lines(axes) == [((1, 10), (1, 10))]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "y")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert (axes.get_xlim(), axes.get_ylim()) == ((1, 20), (1, 30))
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["line"]


def test_plot_draws_in_the_current_axes_in_the_size_asked_for():
    d2l.plt.close("all")
    with mpl.rc_context():
        d2l.plot([1, 2], figsize=(4, 3))
        figure = d2l.plt.gcf()
        assert tuple(figure.get_size_inches()) == (4, 3)
        d2l.plot([3, 4])
        assert d2l.plt.gcf() is figure
        assert len(figure.axes[0].lines) == 1
    d2l.plt.close("all")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1, 2, 3]), "curve 1: x has 2 values, y has 3"),
        (([1, 2], [[1, 2], [1]]), "curve 2: x has 2 values, y has 1"),
        (([], []), "curve 1: x has 0 values, y has 0"),
        (([[]],), "curve 1: x has 0 values, y has 0"),
        (([[1, 2], [1, 2]], [3, 4]), "X has 2 curves, Y has 1"),
        ((1, 2), "a curve needs a list of numbers, got 1"),
        (([1], [[[2]]]), r"curve 1: expected one axis, got shape \(1, 1\)"),
        (([1], [1], "x", "y", None, None, None, "lg"), "unknown scale 'lg'"),
        ((torch.tensor(1.0),), "a curve needs a list of numbers"),
    ],
)
def test_plot_names_what_is_wrong_and_draws_nothing(axes, arguments, message):
    axes.plot([1, 2])
    with pytest.raises(ValueError, match=message):
        d2l.plot(*arguments, axes=axes)
    assert len(axes.lines) == 1


def test_numerical_gradient_keeps_shape_and_kind():
    matrix = np.arange(6).reshape(2, 3)
    gradient = d2l.numerical_gradient(lambda X: (X**2).sum(), matrix)
    np.testing.assert_allclose(gradient, 2 * matrix, atol=1e-9)
    scalar = d2l.numerical_gradient(np.sin, 1)
    assert np.shape(scalar) == ()
    assert scalar == pytest.approx(np.cos(1), abs=1e-10)
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    gradient = d2l.numerical_gradient(lambda x: torch.dot(x, x), x)
    assert isinstance(gradient, torch.Tensor)
    assert torch.allclose(gradient, torch.tensor([2.0, 4.0]).double())


def test_numerical_gradient_steps_suit_large_numbers():
    gradient = d2l.numerical_gradient(lambda x: (x**2).sum(), [1e8, 1e-8])
    np.testing.assert_allclose(gradient[0], 2e8, rtol=1e-8)
    with pytest.raises(ValueError, match=r"one number, got shape \(2,\)"):
        d2l.numerical_gradient(lambda x: x, [1, 2])


def test_check_gradient_tells_right_from_wrong(capsys):
    def f(x):
        return 3 * x[0] ** 2 + 5 * np.exp(x[1])

    def right(x):
        return np.array([6 * x[0], 5 * np.exp(x[1])])

    def wrong(x):
        return np.array([6 * x[0], 5 * np.exp(x[1]) * x[1]])

    assert d2l.check_gradient(f, right, [1, 2]) is True
    assert d2l.check_gradient(f, wrong, [1, 2]) is False
    assert d2l.check_gradient(f, lambda x: right(x)[:1], [1, 2]) is False
    assert capsys.readouterr().out.splitlines() == [
        "right: all components agree with the numerical gradient",
        "wrong: component [1] is 73.8906, should be about 36.9453",
        "wrong: your gradient has shape (1,), x has shape (2,)",
    ]


@pytest.mark.parametrize("scale", [1e-3, 1, 1e6])
def test_check_gradient_sees_a_small_mistake_at_any_scale(scale):
    x = np.array([1.0, -2.0, 0.5])
    f = lambda x: scale * (x**2).sum()  # noqa: E731
    assert d2l.check_gradient(f, lambda x: 2 * scale * x, x)
    assert not d2l.check_gradient(f, lambda x: 2.001 * scale * x, x)


def test_check_gradient_takes_tensors_and_nan():
    x = torch.tensor([1.0, 2.0])
    assert d2l.check_gradient(lambda x: torch.dot(x, x), lambda x: 2 * x, x)
    assert not d2l.check_gradient(
        lambda x: torch.dot(x, x), lambda x: x * float("nan"), x
    )


def run(*arguments, **environ):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda p: p.stem)
def test_listings_run_as_scripts(listing):
    # Agg says itself that it cannot show; nothing else may warn.
    result = run(
        "-W",
        "error",
        "-W",
        "ignore:FigureCanvasAgg is non-interactive",
        str(listing),
        MPLBACKEND="agg",
    )
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda p: p.stem)
def test_listings_show_an_svg_figure_in_jupyter(listing, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    cell = nbformat.v4.new_code_cell(listing.read_text("utf-8"))
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, timeout=120).execute()
    assert [o for o in cell.outputs if o.get("name") == "stderr"] == []
    shown = [o.data for o in cell.outputs if o.output_type == "display_data"]
    assert [("image/svg+xml" in data) for data in shown] == [True]


def test_importing_loads_neither_numpy_nor_torch():
    result = run(
        "-c",
        "import d2lmini, sys; "
        "print('numpy' in sys.modules, 'torch' in sys.modules)",
    )
    assert result.stdout.strip() == "False False"


def test_plotting_needs_no_ipython():
    result = run(
        "-c",
        "import sys; sys.modules['IPython'] = None; "
        "import d2lmini as d2l; d2l.plot([1, 2]); print('drawn')",
        MPLBACKEND="agg",
    )
    assert (result.stdout, result.stderr) == ("drawn\n", "")


def test_wheel_plots_in_an_empty_environment(tmp_path):
    wheels = tmp_path / "wheels"
    pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"]
    built = run(
        *pip,
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(wheels),
        str(ROOT),
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = wheels.iterdir()
    venv.create(tmp_path / "venv", with_pip=True)
    folder = "Scripts" if os.name == "nt" else "bin"
    python = tmp_path / "venv" / folder / "python"
    commands = [
        [*pip, "install", "-c", str(ROOT / "constraints.txt"), str(wheel)],
        [
            "-c",
            "import d2lmini as d2l; "
            "d2l.plot([1, 2], [[1, 4], [2, 3]], 'x', legend=['a', 'b']); "
            "d2l.plt.savefig('figure.svg')",
        ],
    ]
    for command in commands:
        subprocess.run(
            [python, *command],
            cwd=tmp_path,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
            | {"MPLBACKEND": "agg"},
            check=True,
        )
    assert "<svg" in (tmp_path / "figure.svg").read_text("utf-8")
