"""Helpers leave alone what they are given and what is global.

Hypothesis calls each saved helper with good and with odd arguments. Whatever
comes of it, the arguments are as before, and so is what all programs share:
settings of Matplotlib, random numbers, gradients, open figures.
"""

import contextlib
import pickle
import random
import warnings
from fractions import Fraction

import matplotlib as mpl
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

mpl.use("agg")

import d2lmini as d2l

# Saved names that are no helpers.
DATA = {"CHINESE_FONTS", "plt"}
# What a helper is for may change.
MAY_CHANGE = {
    "set_figsize": {"figure.figsize"},
    "use_chinese_font": {"font.family"},
}
MAY_OPEN_A_FIGURE = {
    *("plot", "draw_graph", "draw_frame", "slide", "touch", "Animator"),
}
MAY_DRAW_NUMBERS = {"synthetic_data", "data_iter"}
MAY_CHANGE_ARGUMENTS = {"sgd"}
# What an odd argument may lead to; an IndexError, say, tells nothing.
SAYS_WHAT_IS_WRONG = (
    TypeError,
    ValueError,
    RuntimeError,
    ZeroDivisionError,
)


LINEAR = torch.nn.Linear(3, 1)


def square(x):
    return (x * x).sum() if hasattr(x, "sum") else x * x


def doubled_in_place(x):
    x *= 2
    return square(x)


def elements_in_place(x):
    x *= 2
    return x


def linear(x):
    return LINEAR(torch.as_tensor(x).float().reshape(-1)).sum()


def linear_rows(X):
    return LINEAR(X)


def constant(x):
    return LINEAR(torch.ones(3)).sum()


def logarithm(x):
    if np.any(np.asarray(x) <= 0):
        raise ValueError("no logarithm")
    return np.log(x).sum()


def leaf():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    square(x).backward()
    return x


def result():
    x = leaf()
    return (x * x).sum() * x[0]


def current_axes():
    return d2l.plt.figure().gca()


def draws(**values):
    d2l.plot([1, 2], xlabel=d2l.short_text(values["h"]))


def draws_nothing(**values):
    return "text"


def a_figure():
    figure = d2l.plt.figure()
    figure.gca().plot([1, 2])
    return figure


FUNCTIONS = [
    square,
    doubled_in_place,
    elements_in_place,
    linear,
    constant,
    logarithm,
    np.sum,
    np.linalg.norm,
]
POINTS = [
    lambda: np.array([1.0, 2.0, 3.0]),
    lambda: np.array([[1, 2, 3]]),
    lambda: np.array(2.0),
    lambda: np.float32([0.5, 1.5, 2.5]),
    lambda: [1, 2, 3],
    lambda: 3,
    lambda: Fraction(1, 2),
    lambda: [10**30, 1, -1],
    leaf,
    lambda: torch.tensor([1, 2, 3]),
    lambda: torch.nn.Parameter(torch.ones(3)),
]
ODD = [
    lambda: None,
    lambda: True,
    lambda: "text",
    lambda: b"bytes",
    lambda: "",
    lambda: (),
    lambda: [],
    lambda: [[1, 2], [3]],
    lambda: np.array([]),
    lambda: np.array([np.nan, 1.0]),
    lambda: float("nan"),
    lambda: float("inf"),
    lambda: -1,
    lambda: 0,
    lambda: 1j,
    lambda: np.array([1j, 2]),
    lambda: [None, 1],
    lambda: ["a", "b"],
    lambda: {"a": 1},
    lambda: object,
    lambda: np.array([True, False]),
    lambda: np.ones((2, 2, 2)),
    lambda: torch.tensor(1j),
    lambda: torch.tensor([float("nan")]),
    lambda: torch.ones(0),
    lambda: np.array(["2020-01-01"], dtype="datetime64[D]"),
    lambda: (-1, 2),
    lambda: (np.nan, 2),
]
ROWS = [lambda: torch.eye(3), lambda: np.eye(3), lambda: torch.ones(3, 1)]
CURVES = [*POINTS[:2], POINTS[4], leaf, lambda: [[1, 2, 3], [4, 5, 6]]]


def some(*makers):
    """Choose one of the values, or mostly one of them and else an odd one."""
    good = st.sampled_from([lambda value=v: value for v in makers])
    return st.one_of(good, good, good, st.sampled_from(ODD))


def made(makers):
    good = st.sampled_from(makers)
    return st.one_of(good, good, good, st.sampled_from(ODD))


LABEL = some(None, "x")
SCALE = some("linear", "log")
LIMITS = some(None, (0, 1), [2, -1])
LEGEND = some(None, ["a"], ("a", "b"))
AXES = made([lambda: None, current_axes])
STEP = some(None, 1e-6, np.array([1e-6, 1e-5, 1e-4]))
FUNCTION = some(*FUNCTIONS)
DRAW = [draws, draws_nothing]
SIZE = some((3, 2), (4.5, 1))
POINT = made(POINTS)

# For each helper: its arguments.
ARGUMENTS = {
    "use_chinese_font": [some("No Such Font", "DejaVu Sans")],
    "numerical_lim": [FUNCTION, POINT, some(1e-6, -1e-6)],
    "use_svg_display": [],
    "set_figsize": [some((3, 2), [1.5, 2], np.array([3, 4]))],
    "set_axes": [AXES, LABEL, LABEL, LIMITS, LIMITS, SCALE, SCALE, LEGEND],
    "to_array": [POINT],
    "as_curves": [made(CURVES)],
    "plot": [
        made(CURVES),
        made([lambda: None, *CURVES]),
        LABEL,
        LABEL,
        LEGEND,
        LIMITS,
        LIMITS,
        SCALE,
        SCALE,
        some(("-",), ["r--", "o"], "-", ("zz",)),
        some((3, 2)),
        AXES,
    ],
    "to_point": [POINT],
    "check_axes": [AXES],
    "type_as": [st.sampled_from(POINTS[:3]), POINT],
    "numerical_gradient": [FUNCTION, POINT, STEP],
    "slope_between": [some(abs, np.sin), some(1.0, 0, -3e8)],
    "check_gradient": [FUNCTION, FUNCTION, POINT],
    "numerical_jacobian": [FUNCTION, POINT, STEP],
    "graph_nodes": [made([result, leaf])],
    "draw_graph": [
        made([result, leaf]),
        made([lambda: {"x": leaf()}]),
        AXES,
        some(True, False),
        some((), ["x"]),
    ],
    "gradient": [FUNCTION, POINT],
    "short_text": [POINT],
    "draw_frame": [some(*DRAW), some({"h": 1}, {"h": "text"}), SIZE],
    "to_svg": [st.sampled_from([lambda: [a_figure()]])],
    "Slide": [some(*DRAW), some({"h": [1, 2]}, {"h": "text"}), some(None, 1)],
    "slide": [
        some(*DRAW),
        some(None, 1),
        some(None, [1, 2]),
        some(True, False),
        SIZE,
        some([1, 2], np.arange(3)),
    ],
    "get_k_fold_data": [
        some(2, 3, 1),
        some(0, 1, 2),
        made(POINTS[:4]),
        made(POINTS[:4]),
    ],
    "touch": [
        st.sampled_from([list, lambda: [a_figure().gca()]]),
        some("text"),
        some(1, "text", [1, {"a": np.ones(3)}], np.nan, object),
    ],
    "sum_to_shape": [
        st.sampled_from([lambda: np.ones((2, 3)), lambda: np.array(2.0)]),
        some((), (3,), (2, 1), (5,)),
    ],
    "Tensor": [POINT, some(True, False)],
    "no_grad": [],
}
ARGUMENTS |= {
    "synthetic_data": [made([lambda: torch.ones(2)]), some(0.5), some(3, 0)],
    "data_iter": [some(2, 3), made(ROWS), made(ROWS)],
    "linreg": [made(ROWS), made(ROWS), some(0.5)],
    "squared_loss": [st.sampled_from(ROWS), st.sampled_from(ROWS)],
    "sgd": [
        st.sampled_from([list, lambda: [leaf()]]),
        some(0.1),
        some(1, 3),
    ],
    "Animator": [
        *(LABEL, LABEL, LEGEND, LIMITS, LIMITS, SCALE, SCALE),
        some(("-",), ["r--"]),
    ],
    "load_array": [st.sampled_from([lambda: (torch.eye(3),)]), some(2)],
    "Accumulator": [some(1, 2)],
    "evaluate_loss": [
        st.sampled_from([lambda: linear_rows]),
        st.sampled_from([lambda: [(torch.eye(3), torch.ones(3, 1))], list]),
        st.sampled_from([lambda: d2l.squared_loss]),
    ],
}
# Those that are not called with arguments by their places alone.
CALLS = {
    "data_iter": lambda *given: list(d2l.data_iter(*given)),
    "slide": lambda *given: d2l.slide(*given[:-1], h=given[-1]),
    "touch": lambda moving, text, data: d2l.touch(moving, text, data=data),
}


def plain(value):
    """Turn a value into something that equals another of the same content."""
    if isinstance(value, torch.Tensor):
        grad = value.grad if value.is_leaf else None
        flags = value.requires_grad, value.dtype, value.shape, value.is_leaf
        return "tensor", flags, str(value.tolist()), plain(grad)
    if isinstance(value, np.ndarray):
        return "array", value.dtype.str, value.shape, str(value.tolist())
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [plain(item) for item in value]
    if isinstance(value, dict):
        return [(plain(key), plain(item)) for key, item in value.items()]
    return repr(value)


def shared():
    """Take down what all programs share."""
    return {
        "settings": dict(mpl.rcParams),
        "random": random.getstate(),
        "numpy": pickle.dumps(np.random.get_state()),
        "torch": torch.get_rng_state().tolist(),
        "gradients": [plain(p) for p in LINEAR.parameters()],
        "modes": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "default": torch.get_default_dtype(),
        "errors": np.geterr(),
        "printing": np.get_printoptions(),
        "warnings": list(warnings.filters),
        "figures": d2l.plt.get_fignums(),
    }


def check_nothing_changes(name, arguments):
    def given_arguments():
        # Axes are given to be drawn in.
        return [
            plain(argument)
            for argument in arguments
            if not isinstance(argument, d2l.plt.Axes)
        ]

    before, given_before = shared(), given_arguments()
    said = "done"
    try:
        with contextlib.redirect_stdout(None), np.errstate(all="ignore"):
            CALLS.get(name, getattr(d2l, name))(*arguments)
    except SAYS_WHAT_IS_WRONG as error:
        said = str(error)
    assert said
    after = shared()
    if name not in MAY_CHANGE_ARGUMENTS:
        assert given_arguments() == given_before
    if said == "done":
        for setting in MAY_CHANGE.get(name, ()):
            after["settings"][setting] = before["settings"][setting]
        if name in MAY_OPEN_A_FIGURE:
            after["figures"] = before["figures"]
    if name in MAY_DRAW_NUMBERS:
        after["torch"] = before["torch"]
    for key, value in before.items():
        assert after[key] == value, key


def test_every_saved_helper_is_tried():
    assert set(ARGUMENTS) == set(d2l.__all__) - DATA


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ARGUMENTS)
def test_nothing_given_or_shared_changes(name):
    @settings(
        max_examples=20 if name in ("plot", "draw_graph") else 150,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*ARGUMENTS[name]))
    def try_it(makers):
        with mpl.rc_context():
            d2l.plt.close("all")
            arguments = [maker() for maker in makers]
            check_nothing_changes(name, arguments)
            d2l.plt.close("all")

    try_it()
