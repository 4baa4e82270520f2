"""Figures that follow a finger: their numbers are those of the chapters."""

import ast
import json
import re
import subprocess
from itertools import combinations

import numpy as np
import pytest

from booktools.check.browser import VIEWS
from booktools.render import node
from booktools.source.chapter import read_book
from tests.books import ROOT

MODULES = {path.stem: path for path in ROOT.glob("chapters/touch/*.js")}
CHAPTERS = {chapter.name: chapter for chapter in read_book(ROOT).chapters}
RANDOM = np.random.default_rng(0)
POINTS = RANDOM.uniform(-3, 3, (100, 2)).tolist()
ALONE = [(point,) for point in POINTS]
PAIRS = list(zip(POINTS, POINTS[::-1], strict=True))
TURNS = list(zip(POINTS, range(-50, 450, 5), strict=True))
RUN = """
import { readFileSync } from "node:fs";
const { code, calls } = JSON.parse(readFileSync(0, "utf8"));
const m = await import(`data:text/javascript,${encodeURIComponent(code)}`);
const done = calls.map(([name, given]) => m[name](...given));
process.stdout.write(JSON.stringify(done));
"""


def function(chapter, name):
    """Return a function as the code of a chapter defines it."""
    for cell in CHAPTERS[chapter].cells:
        if f"def {name}(" not in cell.source:
            continue  # there may be lines of IPython's own
        for part in ast.parse(cell.source).body:
            if isinstance(part, ast.FunctionDef) and part.name == name:
                names = {"np": np, "combinations": combinations}
                exec(ast.unparse(part), names)
                return names[name]
    raise LookupError(name)


HEIGHT = function("calculus", "g")
BEND = function("matrix_calculus", "bend")
MAX_GATE = function("build_autograd", "max_gate")
FIT = function("generalization", "fit")
# On the line of (2, 2) and (0, 0), both sides of the maximum are the same.
STEPS = [
    (x, step)
    for x in [*POINTS[:20], [2.0, 2.0], [0.0, 0.0]]
    for step in range(5)
]


def gradient(f, x, h=1e-20):
    """Differentiate exactly: a step in an imaginary direction cancels none."""
    steps = 1j * h * np.eye(2)
    return np.array([np.imag(f(x + step)) / h for step in steps])


def jacobian(x):
    return np.array([gradient(lambda z, i=i: BEND(z)[i], x) for i in range(2)])


VALLEY = function("gradient_descent", "valley")
TWO_VALLEYS = function("gradient_descent", "two_valleys")
LANDS = {"valley": VALLEY, "two valleys": TWO_VALLEYS}
DESCEND = function("gradient_descent", "descend")
ROLL = function("gradient_descent", "roll")
RATE = function("gradient_descent", "rate")
# A start, a step size, a momentum, a number of steps.
STARTS = [
    (point, eta, beta, steps)
    for point, (eta, beta), steps in zip(
        RANDOM.uniform(-2, 2, (100, 2)).tolist(),
        RANDOM.uniform(0, [0.4, 1], (100, 2)).tolist(),
        RANDOM.integers(0, 20, 100).tolist(),
        strict=True,
    )
]
WALKS = [(point, eta, steps) for point, eta, _, steps in STARTS]
KNOBS = RANDOM.uniform(0, [2.2, 1], (100, 2)).tolist()


def slope(f):
    """Return the gradient of a function of two numbers."""
    return lambda x: gradient(lambda z: f(*z), np.array(x))


def unit(degrees):
    return np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])


def degrees_between(start, end):
    x, y = np.subtract(end, start)
    return round(np.rad2deg(np.arctan2(y, x))) % 360


def along(x):
    slopes = gradient(HEIGHT, np.array(x))
    return np.array([-slopes[1], slopes[0]]) / np.linalg.norm(slopes)


def line_through(start, end):
    w, b = np.polyfit(*np.transpose([start, end]), 1)
    return [w, b]


def square(line, point):
    """The corners of the square of a residual, counted from the point."""
    (w, b), (x, y) = line, point
    r = w * x + b - y
    side = abs(r)
    return [(x, y), (x + side, y), (x + side, y + r), (x, y + r), (x, y)]


def mean_square(line, x, y):
    return np.square(np.polyval(line, x) - y).mean()


LEAST_ABSOLUTE = function("linear_regression", "least_absolute")
SPRING = np.arange(8.0).tolist()
SPREAD = [(SPRING, RANDOM.uniform(0, 6, 8).tolist()) for _ in range(100)]


def middle_columns():
    """Return how the fits of degrees 3 and 12 follow the middle point."""
    x, grid = np.linspace(-1, 1, 15), np.linspace(-1, 1, 81)
    y = np.eye(15)[7]
    return [np.polyval(FIT(x, y, degree), grid) for degree in (3, 12)]


CHANGES = [
    (*RANDOM.uniform(-3, 3, (2, 20)).tolist(), shift)
    for shift in np.linspace(-2, 2, 20).tolist()
]

# For each module, for each of its functions: Python's, and what to try.
COMPARED = {
    "direction": {
        "slope": (
            lambda slopes, turn: np.dot(slopes, unit(turn)),
            TURNS,
        ),
        "tip": (
            lambda start, turn: start + unit(turn),
            TURNS,
        ),
        "direction": (
            degrees_between,
            PAIRS,
        ),
    },
    "gradient": {
        "height": (HEIGHT, ALONE),
        "gradient": (
            lambda x: gradient(HEIGHT, np.array(x)),
            ALONE,
        ),
        "along": (along, ALONE),
    },
    "jacobian": {
        "bend": (BEND, ALONE),
        "jacobian": (
            lambda x: jacobian(np.array(x)),
            ALONE,
        ),
        "flat": (
            lambda x, step: BEND(x) + jacobian(np.array(x)) @ step,
            PAIRS,
        ),
    },
    "graph": {
        "values": (lambda x: MAX_GATE(*x, step=0)[0], ALONE),
        "gradients": (lambda x, step: MAX_GATE(*x, step)[1], STEPS),
    },
    "descent": {
        "descend": (
            lambda land, x, eta, steps: DESCEND(
                slope(LANDS[land]), np.array(x), eta, steps
            ),
            [(land, *walk) for land in LANDS for walk in WALKS],
        ),
    },
    "momentum": {
        "roll": (
            lambda x, eta, beta, steps: ROLL(
                slope(VALLEY), np.array(x), eta, beta, steps
            ),
            STARTS,
        ),
        "rate": (RATE, KNOBS),
    },
    "line": {
        "square": (square, PAIRS),
        "meanSquare": (
            mean_square,
            [(line, *data) for line, data in zip(POINTS, SPREAD, strict=True)],
        ),
        "through": (line_through, PAIRS),
    },
    "outlier": {
        "leastSquares": (lambda x, y: np.polyfit(x, y, 1), SPREAD),
        "leastAbsolute": (
            lambda x, y: LEAST_ABSOLUTE(np.array(x), np.array(y)),
            SPREAD,
        ),
    },
    "one_point": {
        "moved": (
            lambda curve, column, shift: (
                np.array(curve) + shift * np.array(column)
            ),
            CHANGES,
        ),
        "furthest": (
            lambda column, shift: max(abs(shift * np.array(column))),
            [(column, shift) for _, column, shift in CHANGES],
        ),
    },
}


def call(module, calls):
    """Run functions of a module; return what each call returns."""
    question = {"code": MODULES[module].read_text("utf-8"), "calls": calls}
    done = node.run_program(
        "node",
        *("--input-type=module", "--eval", RUN),
        input=json.dumps(question).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def test_each_module_is_compared():
    assert set(COMPARED) == set(MODULES)


@pytest.mark.parametrize(
    ("module", "name"), [(m, name) for m in COMPARED for name in COMPARED[m]]
)
def test_arithmetic_is_that_of_python(module, name):
    in_python, tried = COMPARED[module][name]
    found = call(module, [(name, given) for given in tried])
    expected = [in_python(*given) for given in tried]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_a_contour_has_one_height():
    [points] = call("gradient", [("contour", [[1.2, -0.7]])])
    heights = [HEIGHT(point) for point in points]
    np.testing.assert_allclose(heights, HEIGHT([1.2, -0.7]), rtol=1e-9)
    assert call("gradient", [("along", [[0, 0]])]) == [[0, 0]]


def test_the_edge_of_a_square_is_its_edge():
    [steps] = call("jacobian", [("edge", [0.4])])
    assert np.abs(steps).max(axis=1) == pytest.approx(0.2)
    assert steps[0] == pytest.approx(steps[-1])


# What a page says of a figure, from where a screen reader says that it is.
def say_direction(place):
    turn = int(place.removesuffix("°"))
    slopes = gradient(HEIGHT, np.array([1.0, 1.0]))
    return f"{turn} degrees: slope {slopes @ unit(turn):.2f}"


def say_gradient(place):
    a, b = gradient(HEIGHT, numbers(place))
    return f"gradient ({a:.2f}, {b:.2f}), length {np.hypot(a, b):.2f}"


def say_jacobian(place):
    rows = [
        " ".join(f"{x:.2f}" for x in row) for row in jacobian(numbers(place))
    ]
    return f"J = [{'; '.join(rows)}]"


def say_graph(place):
    [*_, y], [d1, d2, *_] = MAX_GATE(*numbers(place), step=4)
    return f"y = {y:.2f}, dy/dx1 = {d1:.2f}, dy/dx2 = {d2:.2f}"


def say_descent(place):
    end = DESCEND(slope(VALLEY), numbers(place), 0.9, 20)[-1]
    return f"after 20 steps: distance {np.linalg.norm(end):.3f}"


def say_momentum(place):
    eta, beta = numbers(place)
    return f"{place}: in the long run, each step times {RATE(eta, beta):.3f}"


def say_saddle(place):
    end = DESCEND(slope(TWO_VALLEYS), numbers(place), 0.2, 20)[-1]
    x, y = end.round(2) + 0.0  # never -0.00
    return f"after 20 steps: x1 = {x:.2f}, x2 = {y:.2f}"


def say_one_point(place):
    [shift] = numbers(place)
    few, many = (abs(shift * column).max() for column in middle_columns())
    return (
        f"moved {shift:.2f}: degree 3 moves at most {few:.2f}, "
        f"degree 12 at most {many:.2f}"
    )


def numbers(place):
    """Return the numbers in a text such as `x1 = 1.00, x2 = -0.50`."""
    return np.array(re.findall(r"-?\d+\.\d+", place), float)


LENGTHS = [1.8, 2.9, 2.7, 3.2, 4.5, 4.6, 4.5, 5.8]


def say_line(place):
    w, b = numbers(place)
    score = mean_square((w, b), np.array(SPRING), LENGTHS)
    return f"w = {w:.2f}, b = {b:.2f}: mean square {score:.3f}"


def say_outlier(place):
    moved = np.array([*LENGTHS[:-1], *numbers(place)])
    squared = np.polyfit(SPRING, moved, 1)[0]
    absolute = LEAST_ABSOLUTE(np.array(SPRING), moved)[0]
    slopes = f"w = {squared:.2f} squared, {absolute:.2f} absolute"
    return f"y = {moved[-1]:.2f}: {slopes}"


# With a number, where there are several handles: which of them.
FIGURES = {
    "fig-direction": ("calculus", say_direction),
    "fig-steepest": ("calculus", say_gradient),
    "fig-jacobian": ("matrix_calculus", say_jacobian),
    "fig-touch-graph": ("build_autograd", say_graph),
    "fig-start": ("gradient_descent", say_descent),
    "fig-eta-beta": ("gradient_descent", say_momentum),
    "fig-saddle": ("gradient_descent", say_saddle),
    "fig-linreg-by-hand 0": ("linear_regression", say_line),
    "fig-linreg-by-hand 1": ("linear_regression", say_line),
    "fig-linreg-outlier": ("linear_regression", say_outlier),
    "fig-linreg-plane 0": ("linear_regression", say_line),
    "fig-linreg-plane 1": ("linear_regression", say_line),
    "fig-linreg-plane 2": ("linear_regression", say_line),
    "fig-one-point": ("generalization", say_one_point),
}


@pytest.mark.parametrize("view", ["light", "dark", "phone"])
@pytest.mark.parametrize("name", FIGURES)
def test_a_page_shows_the_numbers_of_python(visit, name, view):
    chapter, say = FIGURES[name]
    name, _, which = name.partition(" ")
    opened = visit(f"chapters/{chapter}.html#{name}", view)
    page = opened.page
    figure = page.locator(f"#{name}")
    sliders = figure.get_by_role("slider")
    slider = sliders.nth(int(which or 0))
    slider.wait_for()
    seen = []

    def check():
        place = slider.get_attribute("aria-valuetext")
        assert figure.locator(".touch-now").text_content() == say(place)
        # All handles are of one and the same value.
        for other in sliders.all() if which else ():
            assert other.get_attribute("aria-valuetext") == place
        assert place not in seen[-1:]
        seen.append(place)

    check()
    first = figure.locator(".touch-static").text_content()
    assert first == figure.locator(".touch-now").text_content()
    for keys in ("ArrowUp", "ArrowLeft ArrowLeft ArrowLeft"):
        for key in keys.split():
            slider.press(key)
        check()
    slider.press("Home")
    check()
    assert figure.locator(".touch-now").text_content() == first
    drag = by_finger if "has_touch" in VIEWS[view] else by_mouse
    for across, down in ((25, 10), (-30, -15), (-20, 30)):
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        drag(page, (x, y), (x + across, y + down))
        check()
    assert opened.errors == []
    assert opened.foreign == []


def test_a_graph_is_walked_step_by_step(visit):
    opened = visit("chapters/build_autograd.html#fig-touch-graph", "light")
    figure = opened.page.locator("#fig-touch-graph")
    sliders = figure.get_by_role("slider")
    inputs, steps = sliders.nth(0), sliders.nth(1)
    steps.wait_for()
    shown = figure.locator(".touch-now")
    for _ in range(6):
        steps.press("ArrowLeft")
    assert steps.get_attribute("aria-valuetext") == "step 0"
    assert shown.text_content() == "only values: y = 6.00"
    texts = figure.locator("text").all_text_contents()
    assert texts == ["3.00", "2.00", "6.00", "5.00", "6.00", *[""] * 5]
    inputs.press("ArrowDown")
    assert shown.text_content() == "only values: y = 5.70"
    said = []
    for step in range(1, 5):
        steps.press("ArrowRight")
        assert steps.get_attribute("aria-valuetext") == f"step {step}"
        said.append(shown.text_content())
    assert said == [
        "start: dy/dy = 1",
        "max passes on: 1.00 to p, 0.00 to s",
        "plus passes on 0.00 to both",
        "y = 5.70, dy/dx1 = 1.90, dy/dx2 = 3.00",
    ]
    texts = figure.locator("text").all_text_contents()
    assert texts[5:] == ["1.90", "3.00", "1.00", "0.00", "1.00"]
    assert opened.errors == []


def by_mouse(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def by_finger(page, start, end):
    client = page.context.new_cdp_session(page)
    middle = tuple((a + b) / 2 for a, b in zip(start, end, strict=True))
    steps = [("touchStart", [start]), ("touchMove", [middle])]
    for kind, points in [*steps, ("touchMove", [end]), ("touchEnd", [])]:
        places = [{"x": x, "y": y} for x, y in points]
        client.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": places}
        )
    client.detach()
