# The tensors of an autograd chapter, drawn as they are.
import torch

import d2lmini as d2l

x = torch.arange(-3.0, 3.0, 0.1, requires_grad=True)
y = torch.sin(x)
y.sum().backward()
d2l.plot(x, [y, x.grad], "x", "f(x)", legend=["sin", "its derivative"])
d2l.plt.show()
