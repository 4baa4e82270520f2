# Generated from the chapters by "python -m booktools extract". Do not edit.
"""Saved code of the chapters, loaded when it is used."""

import sys as _sys
import typing as _typing

if _typing.TYPE_CHECKING:
    import d2lmini as torch
    from d2lmini.getting_started import (
        CHINESE_FONTS,
        use_chinese_font,
    )
    from d2lmini.calculus import (
        plt,
        numerical_lim,
        use_svg_display,
        to_array,
        as_curves,
        set_figsize,
        check_axes,
        set_axes,
        plot,
        short_text,
        draw_frame,
        to_svg,
        Slide,
        slide,
        to_point,
        type_as,
        numerical_gradient,
        slope_between,
        check_gradient,
        touch,
    )
    from d2lmini.matrix_calculus import (
        numerical_jacobian,
    )
    from d2lmini.autograd import (
        graph_nodes,
        draw_graph,
        gradient,
    )
    from d2lmini.build_autograd import (
        sum_to_shape,
        Tensor,
        no_grad,
    )
    from d2lmini.gradient_descent import (
        train_2d,
        show_trace_2d,
        annotate,
    )
    from d2lmini.linear_regression import (
        synthetic_data,
        data_iter,
        linreg,
        squared_loss,
        sgd,
        Animator,
        load_array,
        Accumulator,
        evaluate_loss,
    )
    from d2lmini.generalization import (
        get_k_fold_data,
    )
else:
    # Code written for D2L calls the package `torch`.
    torch = _sys.modules[__name__ + ".torch"] = _sys.modules[__name__]

__version__ = "0.1.0"

__all__ = [
    "CHINESE_FONTS",
    "use_chinese_font",
    "plt",
    "numerical_lim",
    "use_svg_display",
    "to_array",
    "as_curves",
    "set_figsize",
    "check_axes",
    "set_axes",
    "plot",
    "short_text",
    "draw_frame",
    "to_svg",
    "Slide",
    "slide",
    "to_point",
    "type_as",
    "numerical_gradient",
    "slope_between",
    "check_gradient",
    "touch",
    "numerical_jacobian",
    "graph_nodes",
    "draw_graph",
    "gradient",
    "sum_to_shape",
    "Tensor",
    "no_grad",
    "train_2d",
    "show_trace_2d",
    "annotate",
    "synthetic_data",
    "data_iter",
    "linreg",
    "squared_loss",
    "sgd",
    "Animator",
    "load_array",
    "Accumulator",
    "evaluate_loss",
    "get_k_fold_data",
]

_MODULES = {
    "CHINESE_FONTS": "getting_started",
    "use_chinese_font": "getting_started",
    "plt": "calculus",
    "numerical_lim": "calculus",
    "use_svg_display": "calculus",
    "to_array": "calculus",
    "as_curves": "calculus",
    "set_figsize": "calculus",
    "check_axes": "calculus",
    "set_axes": "calculus",
    "plot": "calculus",
    "short_text": "calculus",
    "draw_frame": "calculus",
    "to_svg": "calculus",
    "Slide": "calculus",
    "slide": "calculus",
    "to_point": "calculus",
    "type_as": "calculus",
    "numerical_gradient": "calculus",
    "slope_between": "calculus",
    "check_gradient": "calculus",
    "touch": "calculus",
    "numerical_jacobian": "matrix_calculus",
    "graph_nodes": "autograd",
    "draw_graph": "autograd",
    "gradient": "autograd",
    "sum_to_shape": "build_autograd",
    "Tensor": "build_autograd",
    "no_grad": "build_autograd",
    "train_2d": "gradient_descent",
    "show_trace_2d": "gradient_descent",
    "annotate": "gradient_descent",
    "synthetic_data": "linear_regression",
    "data_iter": "linear_regression",
    "linreg": "linear_regression",
    "squared_loss": "linear_regression",
    "sgd": "linear_regression",
    "Animator": "linear_regression",
    "load_array": "linear_regression",
    "Accumulator": "linear_regression",
    "evaluate_loss": "linear_regression",
    "get_k_fold_data": "generalization",
}


def __getattr__(name):
    """Load a saved name, or a module, when it is first asked for."""
    from difflib import get_close_matches
    from importlib import import_module

    if name in _MODULES:
        module = import_module(f"{__name__}.{_MODULES[name]}")
        value = globals()[name] = getattr(module, name)
        return value
    if name in _MODULES.values():
        return import_module(f"{__name__}.{name}")
    similar = get_close_matches(name, _MODULES, 1)
    hint = f" Did you mean {similar[0]!r}?" if similar else ""
    # Given the name only, Python adds no hint of its own.
    raise AttributeError(
        f"{__name__} has no {name!r}.{hint} Its names come from the "
        "chapters of the book: #@save in a notebook or script of your own "
        "adds nothing to it, so use what you define there by its bare name.",
        name=name,
    )


def __dir__():
    """List the saved names."""
    return list(__all__)
