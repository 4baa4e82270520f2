"""The package made from the chapters: each helper does what it promises."""

import os
import subprocess
import sys
import venv
from fractions import Fraction
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
        ((["a", "b"],), "expected real numbers, got 'a'"),
        (("ab",), "a curve needs a list of numbers, got 'ab'"),
        (([None, 1],), "expected real numbers, got None"),
        (([1j, 1],), "expected real numbers, got 1j"),
        ((None,), "a curve needs a list of numbers, got None"),
        (({1: 2},), "a curve needs a list of numbers, got {1: 2}"),
        (({1, 2},), "a curve needs a list of numbers"),
        ((np.array(["2020"], "datetime64[Y]"),), "expected real numbers"),
    ],
)
def test_plot_names_what_is_wrong_and_draws_nothing(axes, arguments, message):
    axes.plot([1, 2])
    with pytest.raises(ValueError, match=message):
        d2l.plot(*arguments, axes=axes)
    assert len(axes.lines) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fmts": ()}, r"fmts needs line formats, got \(\)"),
        ({"fmts": (1,)}, "fmts needs line formats"),
        ({"fmts": 3}, "fmts needs line formats, got 3"),
        ({"fmts": None}, "fmts needs line formats, got None"),
        ({"axes": d2l.plt.Figure()}, "axes must be Matplotlib axes, got"),
        ({"fmts": ("zz",)}, "'zz' is not a valid format string"),
        ({"axes": 3}, "axes must be Matplotlib axes, got 3"),
        ({"axes": [3]}, "axes must be Matplotlib axes, got"),
        ({"figsize": (-1, 2)}, "figsize needs two positive numbers, got"),
        ({"figsize": (np.nan, 2)}, "figsize needs two positive numbers"),
        ({"figsize": (np.inf, 2)}, "figsize needs two positive numbers"),
        ({"figsize": 3}, "figsize needs two positive numbers, got 3"),
        ({"figsize": (1, 2, 3)}, "figsize needs two positive numbers"),
        ({"figsize": "big"}, "expected real numbers, got 'big'"),
        ({"figsize": (1j, 2)}, "expected real numbers"),
        ({"xlabel": r"$\frac{$"}, r"\\frac"),
        ({"legend": [r"$x^$"]}, "Expected"),
        ({"xlim": 3}, "limits need two finite numbers, got 3"),
        ({"xlim": (0, np.nan)}, "limits need two finite numbers"),
        ({"ylim": (0, 1, 2)}, "limits need two finite numbers"),
        ({"ylim": "01"}, "expected real numbers, got '01'"),
        ({"legend": "ab"}, "legend needs a list of names, got 'ab'"),
        ({"legend": 3}, "legend needs a list of names, got 3"),
        ({"yscale": None}, "unknown scale None; choose from"),
        ({"xscale": ["log"]}, "unknown scale"),
    ],
)
def test_plot_checks_before_anything_is_done(arguments, message):
    d2l.plt.close("all")
    before = dict(mpl.rcParams)
    with pytest.raises(ValueError, match=message):
        d2l.plot([1, 2], **arguments)
    assert d2l.plt.get_fignums() == []
    assert dict(mpl.rcParams) == before


def test_axes_that_were_removed():
    figure, axes = d2l.plt.subplots()
    axes.remove()
    with pytest.raises(ValueError, match="axes must be Matplotlib axes, got"):
        d2l.plot([1, 2], axes=axes)
    d2l.plt.close(figure)


def test_what_is_masked_is_not_drawn_and_no_point(axes):
    masked = np.ma.array([1, 2, 3], mask=[0, 1, 0])
    d2l.plot(masked, axes=axes)
    np.testing.assert_equal(axes.lines[0].get_ydata(), [1, np.nan, 3])
    with pytest.raises(ValueError, match="x needs finite numbers"):
        d2l.numerical_gradient(np.sum, masked)


def test_limits_may_be_tensors(axes):
    d2l.plot([1, 2], xlim=torch.tensor([0.0, 3.0]), ylim=[3, 0], axes=axes)
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 3), (3, 0))


def test_plot_leaves_the_size_of_other_figures():
    d2l.plt.close("all")
    before = list(mpl.rcParams["figure.figsize"])
    d2l.plot([1, 2], figsize=(4, 3))
    assert mpl.rcParams["figure.figsize"] == before
    d2l.plt.close("all")


def test_plot_takes_one_format_and_an_array_of_names(axes):
    d2l.plot([[1, 2], [3, 4]], fmts="r--", legend=np.array(["a"]), axes=axes)
    assert [line.get_linestyle() for line in axes.lines] == ["--", "--"]
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["a"]


def test_set_axes_sets_nothing_when_something_is_wrong(axes):
    for wrong in ({"xscale": "lg"}, {"ylim": (1,)}, {"legend": "a"}):
        arguments = {
            "xlabel": "x",
            "ylabel": "y",
            "xlim": None,
            "ylim": None,
            "xscale": "linear",
            "yscale": "linear",
            "legend": None,
        }
        with pytest.raises(ValueError, match=r"scale|limits|legend"):
            d2l.set_axes(axes, **(arguments | wrong))
        assert axes.get_xlabel() == ""


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


@pytest.mark.parametrize(
    ("x", "h", "message"),
    [
        ([1.0, np.nan], None, "x needs finite numbers, got"),
        (np.inf, None, "x needs finite numbers, got inf"),
        ([], None, r"x needs finite numbers, got \[\]"),
        (torch.ones(0), None, "x needs finite numbers"),
        (True, None, "x needs finite numbers, got True"),
        ("3", None, "expected real numbers, got '3'"),
        (None, None, "expected real numbers, got None"),
        ([1j], None, "expected real numbers"),
        (torch.tensor([1j]), None, "expected real numbers"),
        ([[1, 2], [3]], None, "inhomogeneous"),
        ([1.0, 2.0], -1e-6, "h must be positive"),
        ([1.0, 2.0], 0, "h must be positive"),
        ([1.0, 2.0], True, "h must be positive, .* got True"),
        ([1.0, 2.0], [1e-6] * 3, "h must be positive, one number or one for"),
        ([1.0, 2.0], np.nan, "h must be positive, .* got nan"),
        ([1.0, 1e20], 1e-6, "h is too small: "),
        ([1.0, 2.0], "small", "expected real numbers, got 'small'"),
    ],
)
def test_points_and_steps_are_checked(x, h, message):
    calls = []
    for helper in (d2l.numerical_gradient, d2l.numerical_jacobian):
        if helper is d2l.numerical_jacobian and h is not None:
            continue
        with pytest.raises(ValueError, match=message):
            helper(calls.append, x, h)
    if h is None:
        with pytest.raises(ValueError, match=message):
            d2l.check_gradient(calls.append, calls.append, x)
    assert calls == []


def test_points_may_be_fractions_or_very_large_integers():
    for x in ([10**20, -(10**21)], [Fraction(1, 3), 2], 10**30):
        gradient = d2l.numerical_gradient(np.sum, x)
        np.testing.assert_allclose(gradient, np.ones_like(gradient))


def test_results_that_are_no_numbers_are_named():
    for wrong in (None, "3", 1j, np.array([1, None])):
        with pytest.raises(ValueError, match="expected real numbers, got"):
            d2l.numerical_gradient(lambda x: wrong, [1.0])  # noqa: B023
        with pytest.raises(ValueError, match="expected real numbers, got"):
            d2l.check_gradient(np.sum, lambda x: wrong, [1.0])  # noqa: B023


def test_numerical_jacobian_of_a_shape_that_changes():
    with pytest.raises(ValueError, match=r"shape \(2,\) close to x, but \(1,"):
        d2l.numerical_jacobian(lambda x: np.ones(1 + (x > 1)), 1.0)


def test_copies_are_copies():
    x = np.array([1.0, 2.0])
    for copied in (d2l.to_array(x), d2l.to_point(x), d2l.type_as(x, x)):
        copied[0] = 9
    d2l.as_curves([x])[0][0] = 9
    assert x.tolist() == [1, 2]


@pytest.mark.parametrize("steps", [250, 1500])
@pytest.mark.parametrize("grow", [lambda y, x: 2 * y, lambda y, x: y * x])
def test_draw_graph_of_many_steps(steps, grow):
    x = y = torch.tensor(1.0, requires_grad=True)
    for _ in range(steps):
        y = grow(y, x)
    before = list(mpl.rcParams["figure.figsize"])
    d2l.plt.close("all")
    d2l.draw_graph(y, {"x": x, "y": y})
    figure = d2l.plt.gcf()
    axes = figure.gca()
    assert max(figure.get_size_inches()) <= 100
    assert mpl.rcParams["figure.figsize"] == before
    assert len(d2l.graph_nodes(y)) == steps + 1
    names = {text.get_text() for text in axes.texts} - {""}
    assert names == {"x", "Mul", "Mul\ny"}
    places = [t.get_position()[0] for t in axes.texts if t.get_text()]
    assert sorted(places) == list(range(steps + 1))
    d2l.plt.close("all")


def test_draw_graph_places_each_node_right_of_its_inputs():
    x = torch.tensor(2.0, requires_grad=True)
    u = torch.sin(x)
    y = (x * u + u * u) * torch.exp(u) + x
    inputs = d2l.graph_nodes(y)
    figure, axes = d2l.plt.subplots()
    d2l.draw_graph(y, {"x": x, "u": u, "y": y}, axes)
    labels = [t.get_text() for t in axes.texts if t.get_text()]
    places = [t.get_position() for t in axes.texts if t.get_text()]
    assert len(set(places)) == len(inputs) == 8
    assert dict(zip(labels, places, strict=True))["x"][0] == 0
    assert dict(zip(labels, places, strict=True))["Sin\nu"][0] == 1
    assert dict(zip(labels, places, strict=True))["Add\ny"][0] == 5
    d2l.plt.close(figure)


def test_draw_graph_shows_values_and_gradients():
    x = torch.arange(5.0, requires_grad=True)
    u = (x * x).sum()
    y = torch.sin(u)
    u.retain_grad()
    y.backward()
    names = {"x": x, "u": u, "y": y}
    figure, axes = d2l.plt.subplots()
    d2l.draw_graph(y, names, axes, values=True, grads=["u"])
    notes = {
        text.get_color(): []
        for text in axes.texts
        if text.get_color() in ("C0", "C1")
    }
    for text in axes.texts:
        notes.get(text.get_color(), []).append(text.get_text())
    assert set(notes["C0"]) == {"[0, 1, 2, 3, …]", "30", "-0.988"}
    assert notes["C1"] == [f"{np.cos(30):.4g}"]
    before = len(axes.texts)
    d2l.draw_graph(y, names, axes)
    assert len(axes.texts) == 2 * before - 4  # neither
    d2l.plt.close(figure)


def test_draw_graph_says_what_is_wrong_and_opens_no_figure():
    d2l.plt.close("all")
    x = torch.ones(2, requires_grad=True)
    y = x.sum()
    for arguments, message in [
        ((3, {}), "expected a tensor, got 3"),
        ((x.detach(), {}), "on no graph"),
        ((y, None), "names needs a dictionary"),
        ((y, {"x": 3}), "'x' must name a tensor, got 3"),
        ((y, {}, 3), "axes must be Matplotlib axes, got 3"),
        ((y, {"x": x}, None, True, ["x"]), "'x' has no gradient to show"),
        ((y, {"y": y}, None, True, ["y"]), "'y' has no gradient to show"),
        ((y, {"y": y}, None, True, ["z"]), "'z' has no gradient to show"),
    ]:
        with pytest.raises((TypeError, ValueError), match=message):
            d2l.draw_graph(*arguments)
    assert d2l.plt.get_fignums() == []


def test_gradient_leaves_everything_else_as_it_was():
    linear = torch.nn.Linear(2, 1)
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    for _ in range(2):
        gradient = d2l.gradient(lambda x: linear(x).sum(), x)
        assert torch.equal(gradient, linear.weight[0].detach())
        assert not gradient.requires_grad
    assert linear.weight.grad is None
    assert x.grad is None
    gradient = d2l.gradient(lambda x: x.mul_(2).pow(2).sum(), x)
    assert gradient.tolist() == [8, 16]
    assert x.tolist() == [1, 2]


def test_gradient_of_what_does_not_use_x_is_zero():
    linear = torch.nn.Linear(2, 1)
    x = torch.ones(2, 3)
    for constant in (torch.tensor(3.0), torch.tensor(3), linear.weight.sum()):
        gradient = d2l.gradient(lambda x: constant, x)  # noqa: B023
        assert torch.equal(gradient, torch.zeros(2, 3))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_gradient_where_nothing_is_recorded(mode):
    with mode():
        x = torch.tensor([1.0, 2.0])
        gradient = d2l.gradient(lambda x: torch.dot(x, x), x)
        assert not torch.is_grad_enabled()
    assert gradient.tolist() == [2, 4]
    with pytest.raises(ZeroDivisionError), mode():
        d2l.gradient(lambda x: 1 / 0, torch.ones(2))
    assert torch.is_grad_enabled()


def test_gradient_names_what_is_wrong():
    x = torch.ones(2)
    for f, point, message in [
        (torch.sum, [1.0], r"x must be a tensor, got \[1.0\]"),
        (torch.sum, np.ones(2), "x must be a tensor"),
        (torch.sum, torch.arange(3), "floating point"),
        (torch.sum, x * 1j, "real scalar"),
        (lambda x: 3.0, x, "f must return a tensor, got 3.0"),
        (lambda x: None, x, "f must return a tensor, got None"),
        (lambda x: x, x, "scalar outputs"),
        (lambda x: torch.ones(2), x, "scalar outputs"),
    ]:
        with pytest.raises((TypeError, RuntimeError), match=message):
            d2l.gradient(f, point)


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


@pytest.mark.slow
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
