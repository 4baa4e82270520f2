"""Books to measure with: the same bytes every time."""

from pathlib import Path

import yaml

HEAD = """\
---
file_format: mystnb
kernelspec: {{name: python3, display_name: Python 3, language: python}}
---
(sec-{name})=
# 第 {i} 章

{prose}
"""

# What those say that draw.
ALT = ":mystnb: {image: {alt: Curves}}"

PROSE = """\
导数告诉我们函数在一点附近变化得多快。当 $h$ 越来越小时，比值越来越接近一个数。

$$
f'(x) = \\lim_{h \\to 0} \\frac{f(x + h) - f(x)}{h}.
$$

训练模型时，沿着损失下降最快的方向更新参数，因此每一步都要用到导数。

先猜一猜下面的代码会画出什么，再运行它；然后改掉其中一个数，看看图形怎样变化。
"""

TOOLS = '''
import numpy as np
from matplotlib import pyplot as plt
from matplotlib_inline import backend_inline

def use_svg_display():  #@save
    """Show figures as SVG."""
    backend_inline.set_matplotlib_formats("svg")

def plot(X, curves, title=""):  #@save
    """Draw curves over the same X."""
    plt.figure(figsize=(3.5, 2.5))
    for curve in curves:
        plt.plot(X, curve)
    plt.title(title)
    plt.grid()
    plt.show()

def unused(X):  #@save
    """Tell how large X is."""
    return f"{len(X)} numbers"

use_svg_display()
'''

TRAIN = '''
def train(model, X, y, num_steps, lr=0.05):  #@save
    """Fit a model by gradient descent; return its losses."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(num_steps):
        loss = torch.nn.functional.mse_loss(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
'''

ERRORS = '''
def show_errors(X, y, y_hat):  #@save
    """Draw what is left between data and prediction."""
    {plot}(X, [np.asarray(y) - np.asarray(y_hat)], "errors")
'''

NUMPY = """
rng = np.random.default_rng({i})
scale = 1.0
X = np.linspace(-3, 3, 100)
A = rng.normal(size=(200, 200)) * scale
print(f"{{np.linalg.norm(A @ A.T):.3f}}")
"""

TORCH = """
torch.manual_seed({i})
scale = 1.0
X = torch.linspace(-3, 3, 200).reshape(-1, 1)
y = torch.sin(X) * scale + 0.1 * torch.randn(X.shape)
model = torch.nn.Sequential(
    torch.nn.Linear(1, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1)
)
losses = {train}(model, X, y, {steps})
print(f"{{losses[-1]:.3f}}")
X, y, y_hat = (a.detach().numpy().ravel() for a in (X, y, model(X)))
"""

DIRECT = """
plt.figure(figsize=(3.5, 2.5))
plt.plot(X, {y})
plt.title("{title}")
plt.show()
"""

SMALL = '''
from math import sqrt
{import_package}

def step_{i}(x):  #@save
    """Make one more step."""
    return {before} + sqrt({i})
'''


def write_course(root: Path, ours: Path | None, kinds: str) -> list[str]:
    """Write a book like a real course; return who uses `plot`.

    Chapter 0 saves tools, among them `plot`, which two chapters of three use,
    one of them through another saved name.  Each chapter draws three figures.

    Parameters
    ----------
    root : Path
        Where to.
    ours : Path or None
        Where our `booktools` is; None for a stock book.
    kinds : str
        A letter for each chapter: ``n`` computes with NumPy, ``t`` trains a
        small model with PyTorch (the first one saves `train`).
    """
    chapters = {}
    users = []
    for i, kind in enumerate(kinds):
        name = f"chapter_{i}"
        is_torch = kind == "t"
        with_plot = i % 3 != 1
        if with_plot:
            users.append(name)
        cells = [TOOLS]
        if i:
            imports = ["import numpy as np", "import torch"][: 1 + is_torch]
            imports += ["from matplotlib import pyplot as plt"]
            cells = ["\n".join([*imports, "import d2lmini as d2l"])]
            cells += ["d2l.use_svg_display()"]
        if i == 2:
            cells += [ERRORS.format(plot="d2l.plot")]
        first = kinds.find("t")
        if i == first:
            cells += [TRAIN]
        if is_torch:
            # The first and the last one train for a second or two.
            long = i in (first, kinds.rfind("t"))
            train = "train" if i == first else "d2l.train"
            steps = 3000 if long else 100
            cells += [TORCH.format(i=i, train=train, steps=steps)]
            y = ["y", "y_hat", "y - y_hat"]
        else:
            cells += [NUMPY.format(i=i)]
            y = ["np.sin(X)", "X**2 * scale", "A[0, :100]"]
        for k, values in enumerate(y):
            title = f"figure {i}.{k}"
            if not with_plot:
                cells += [DIRECT.format(y=values, title=title)]
            elif k == 2 and i > 2:
                cells += [f"d2l.show_errors(X, {values}, 0.{i} * X)"]
            else:
                plot = "d2l.plot" if i else "plot"
                cells += [f'{plot}(X, [{values}, 0 * X], "{title}")']
        chapters[name] = _chapter(name, i, cells)
    _write(root, chapters, ours, "cache", {})
    return users


def write_many(root: Path, ours: Path | None, number: int) -> None:
    """Write a book of so many small chapters that build on each other."""
    chapters = {}
    for i in range(number):
        before = f"d2l.step_{i // 2}(x)" if i else "x"
        package = "import d2lmini as d2l" if i else ""
        save = SMALL.format(i=i, before=before, import_package=package)
        cells = [save, f"print(step_{i}(1.0))", "sum(range(10))", "'done'"]
        name = f"chapter_{i}"
        chapters[name] = _chapter(name, i, cells)
    # Nothing is executed, since a build without changes would not either.
    # And no sidebar: it makes the time to write a page grow with the number
    # of pages, and nobody would wait for a thousand of them.
    _write(root, chapters, ours, "off", {"html_sidebars": {"**": []}})


def _chapter(name: str, i: int, cells: list[str]) -> str:
    parts = [HEAD.format(name=name, i=i, prose=PROSE)]
    for k, cell in enumerate(cells):
        parts += [f"(sec-{name}-{k})=\n## 第 {k} 节\n\n{PROSE}"]
        parts += [f"```{{code-cell}}\n{ALT}\n{cell.strip()}\n```\n"]
    return "\n".join(parts)


def _write(
    root: Path,
    chapters: dict[str, str],
    ours: Path | None,
    execute: str,
    options: dict[str, object],
) -> None:
    sphinx: dict[str, object] = {"config": {"language": "zh_CN"} | options}
    if ours:
        sphinx["extra_extensions"] = ["booktools.sphinxext"]
    config = {
        # The package is called after the title.
        "title": "d2lmini",
        "only_build_toc_files": True,
        "execute": {"execute_notebooks": execute, "timeout": 300},
        "sphinx": sphinx,
    }
    toc = {
        "format": "jb-book",
        "root": "index",
        "chapters": [{"file": f"chapters/{name}"} for name in chapters],
    }
    files = {f"chapters/{name}.md": text for name, text in chapters.items()}
    files |= {
        "_config.yml": yaml.safe_dump(config),
        "_toc.yml": yaml.safe_dump(toc),
        "index.md": "# 一本书\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8", newline="\n")
