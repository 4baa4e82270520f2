# Generated from chapters/autograd.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/autograd.md."""

import d2lmini as d2l
import torch

__all__ = ["graph_nodes", "draw_graph", "gradient"]


# chapters/autograd.md#sec-draw-graph
def graph_nodes(y):
    """Collect the nodes of the computational graph that ends in a tensor.

    Parameters
    ----------
    y : torch.Tensor
        Result of a computation.

    Returns
    -------
    dict of node: list of nodes
        Where each node gets its inputs from; a leaf gets them from nowhere.
        Empty for a tensor on no graph.

    Raises
    ------
    TypeError
        If y is no tensor.
    """
    if not isinstance(y, torch.Tensor):
        raise TypeError(f'expected a tensor, got {y!r:.60}')
    inputs, waiting = {}, [y.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in inputs:
            sources = [source for source, _ in node.next_functions]
            inputs[node] = [node for node in sources if node is not None]
            waiting += inputs[node]
    return inputs


# chapters/autograd.md#sec-draw-graph
def draw_graph(y, names, axes=None, values=False, grads=()):
    """Draw the computational graph that ends in a tensor, left to right.

    Parameters
    ----------
    y : torch.Tensor
        Result of a computation, of few steps if it is to be legible.
    names : dict of str: torch.Tensor
        Names for leaves and results that are worth one.
    axes : matplotlib.axes.Axes, optional
        Where to draw; by default the current axes. A new figure, if one is
        needed, is made large enough, up to 100 inches.
    values : bool
        Write the value of each tensor with a name above it, in blue.
    grads : collection of str
        The names of tensors whose gradient to write below, in orange: leaves,
        and results on which `retain_grad` was called.

    Raises
    ------
    TypeError
        If y or what has a name is no tensor.
    ValueError
        If the tensor is on no graph, axes are none, or there is no gradient.
    """
    inputs = graph_nodes(y)
    if not inputs:
        raise ValueError('the tensor is on no graph: nothing to draw')
    if not isinstance(names, dict):
        raise TypeError('names needs a dictionary of names and tensors, '
                        f'got {names!r:.60}')
    for name, tensor in names.items():
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f'{name!r} must name a tensor, '
                            f'got {tensor!r:.60}')
    if axes is not None:
        d2l.check_axes(axes)
    for name in grads:
        tensor = names.get(name)
        keeps = tensor is not None and (tensor.is_leaf or tensor.retains_grad)
        if not keeps or tensor.grad is None:
            raise ValueError(f'{name!r:.60} has no gradient to show')

    def short(tensor):
        numbers = [f'{number:.4g}' for number in tensor.flatten().tolist()]
        if tensor.dim() == 0:
            return numbers[0]
        return f"[{', '.join(numbers[:4])}{', …' if numbers[4:] else ''}]"

    def label(node):
        leaf = getattr(node, 'variable', None)
        lines = [] if leaf is not None else [node.name().split('Backward')[0]]
        lines += [name for name, tensor in names.items()
                  if tensor is leaf or tensor.grad_fn is node]
        return '\n'.join(lines) or 'leaf'

    def detour(start, end):
        for x in range(start[0] + 1, end[0]):
            part = (x - start[0]) / (end[0] - start[0])
            for node in columns[x]:
                gap = places[node][1] - start[1] - part * (end[1] - start[1])
                if abs(gap) < 0.3:
                    return 0.4 if gap >= 0 else -0.4
        return 0

    # A node stands one column to the right of the last of its inputs.
    column, waiting = {}, [y.grad_fn]
    while waiting:
        node = waiting[-1]
        unplaced = [source for source in inputs[node] if source not in column]
        if unplaced:
            waiting += unplaced
        else:
            before = [column[source] for source in inputs[node]]
            column[waiting.pop()] = max(before, default=-1) + 1
    columns, places = {}, {}
    for node in inputs:
        columns.setdefault(column[node], []).append(node)
    for across, nodes in columns.items():
        for i, node in enumerate(nodes):
            places[node] = across, i - (len(nodes) - 1) / 2

    width, height = len(columns), max(map(len, columns.values()))
    if axes is None:
        size_before = d2l.plt.rcParams['figure.figsize']
        d2l.set_figsize((min(1.3 * width, 100), min(0.5 + height, 100)))
        try:
            axes = d2l.plt.gca()
        finally:
            d2l.plt.rcParams['figure.figsize'] = size_before
    for node, sources in inputs.items():
        for i, source in enumerate(sources):
            # Arrows between the same two nodes are bent apart.
            bend = 0.4 * (sources[:i].count(source) + 0.5
                          - sources.count(source) / 2)
            bend += detour(places[source], places[node])
            axes.annotate('', places[node], places[source], arrowprops={
                'arrowstyle': '->', 'color': 'C0', 'shrinkA': 16,
                'shrinkB': 16, 'connectionstyle': f'arc3,rad={bend}'})
    for node, place in places.items():
        axes.text(*place, label(node), ha='center', va='center', bbox={
            'boxstyle': 'round', 'facecolor': 'white',
            'edgecolor': 'C1' if inputs[node] else 'black'})
        leaf = getattr(node, 'variable', None)
        for name, tensor in names.items():
            if tensor is leaf or tensor.grad_fn is node:
                notes = [(22, 'C0', tensor)] if values else []
                notes += [(-22, 'C1', tensor.grad)] if name in grads else []
                for up, color, number in notes:
                    axes.annotate(short(number), place, (0, up), color=color,
                                  textcoords='offset points', ha='center',
                                  va='bottom' if up > 0 else 'top')
    axes.set(xlim=(-0.5, width - 0.5), ylim=(-height / 2, height / 2))
    axes.axis('off')


# chapters/autograd.md#sec-gradient-helper
def gradient(f, x):
    """Compute the gradient of a scalar function by automatic differentiation.

    Parameters
    ----------
    f : callable
        Takes a tensor and returns a tensor of one number.
    x : torch.Tensor of a floating type, any shape
        The point; it is left as it is.

    Returns
    -------
    torch.Tensor, the shape of x
        Zeros if f(x) does not depend on x.

    Raises
    ------
    RuntimeError
        If x holds integers, or f returns more than one number.
    TypeError
        If x, or what f returns, is no tensor.
    """
    if not isinstance(x, torch.Tensor):
        raise TypeError(f'x must be a tensor, got {x!r:.60}')
    with torch.inference_mode(False), torch.enable_grad():
        x = x.detach().clone().requires_grad_(True)
        y = f(x.clone())
        if not isinstance(y, torch.Tensor):
            raise TypeError(f'f must return a tensor, got {y!r:.60}')
        if not y.requires_grad:
            y = y + 0 * x.sum()
        return torch.autograd.grad(y, x, materialize_grads=True)[0]
