# A reader of D2L trains a line with the saved helpers, from scratch and not.
import torch
from torch import nn

from d2lmini import torch as d2l

torch.manual_seed(0)
true_w, true_b = torch.tensor([2, -3.4]), 4.2
features, labels = d2l.synthetic_data(true_w, true_b, 200)
w = torch.normal(0, 0.01, size=(2, 1), requires_grad=True)
b = torch.zeros(1, requires_grad=True)
animator = d2l.Animator(
    xlabel="epoch", ylabel="loss", xlim=[1, 3], legend=["scratch", "concise"]
)
net = nn.Sequential(nn.Linear(2, 1))
net[0].weight.data.normal_(0, 0.01)
net[0].bias.data.fill_(0)
loss = nn.MSELoss()
trainer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(3):
    for X, y in d2l.data_iter(10, features, labels):
        d2l.squared_loss(d2l.linreg(X, w, b), y).sum().backward()
        d2l.sgd([w, b], 0.2, 10)
    for X, y in d2l.load_array((features, labels), 10):
        trainer.zero_grad()
        loss(net(X), y).backward()
        trainer.step()
    batches = d2l.load_array((features, labels), 100, is_train=False)
    scratch = d2l.evaluate_loss(
        lambda X: d2l.linreg(X, w, b),  # noqa: B023
        batches,
        d2l.squared_loss,
    )
    animator.add(epoch + 1, (scratch, d2l.evaluate_loss(net, batches, loss)))
assert abs(true_w - w.detach().flatten()).max() < 0.01
d2l.plt.show()
