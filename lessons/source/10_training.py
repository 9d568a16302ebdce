# %% [markdown]
# # 10 · Training: the PyTorch example and real digits
#
# **The question.** The gradient is right, the loss goes down. Is the network?
#
# You run the lecture's PyTorch program line by line, recompute its gradients by hand, meet three programs that train although they are
# wrong, and at last let your own backpropagation read handwriting.
#
# *Time: about 45 minutes. You need: lessons 08 and 09.*

# %%
import importlib

import numpy as np

from dlcalc import autodiff as torch
from dlcalc import datasets
from dlcalc.exercises import check, hint, predict, progress, solution
from dlcalc.figures import digit_predictions, training_dashboard
from dlcalc.widgets import explore, flipbook

# %% [markdown]
# ## The lecture's program
#
# `dlcalc.autodiff` is lesson 09's engine in PyTorch's clothes, so the program runs as the lecture has it. Five lines make a step, and each
# has its place in this course:
#
# | line | what it is | lesson |
# |---|---|---|
# | `y_pred = model(X)` | forward propagation | 01 |
# | `loss = loss_fn(y_pred, y)` | $\ell = \frac1N \sum (f - y)^2$ | 02 |
# | `optimizer.zero_grad()` | clear the gradients, which accumulate | 09 |
# | `loss.backward()` | backpropagation over the tape | 07 to 09 |
# | `optimizer.step()` | $W \leftarrow W - \eta\,\nabla_W \ell$ | 02 |


# %% tags=["exercise"] dlcalc={"exercise": "10.build"}
def build():
    """nn.Sequential of Linear(5, 3), ReLU(), Linear(3, 1), Flatten(0, 1), made with torch = dlcalc.autodiff."""
    ### BEGIN SOLUTION
    nn = torch.nn
    return nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 1), nn.Flatten(0, 1))
    ### END SOLUTION


# %%
check("10.build", build)


# %%
def lecture_model(torch):
    """The lecture's network with the lecture's first weights [W | b]."""
    nn = torch.nn
    model = nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 1), nn.Flatten(0, 1))
    W1, W2 = (torch.tensor(W) for W in datasets.lecture_weights())
    parts = {"0.weight": W1[:, :-1], "0.bias": W1[:, -1], "2.weight": W2[:, :-1], "2.bias": W2[:, -1]}
    model.to(torch.float64).load_state_dict(parts)
    return model


# %%
def lecture_run(torch, steps=1000):
    X, y = (torch.tensor(array) for array in datasets.lecture_regression())
    model, loss_fn, losses = lecture_model(torch), torch.nn.MSELoss(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for _ in range(steps):
        losses.append(loss_fn(model(X), y))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    return [loss.item() for loss in losses]


# %%
# NBVAL_CHECK_OUTPUT
losses = lecture_run(torch)
for step in (0, 100, 999):
    print(f"step {step:3d}   loss {losses[step]:.12f}")

# %% [markdown]
# If PyTorch is installed here, the same function runs on it, and the two agree:

# %%
if importlib.util.find_spec("torch"):
    theirs = lecture_run(importlib.import_module("torch"))
    print("largest difference over 1000 steps:", max(abs(a - b) for a, b in zip(losses, theirs)))

# %% [markdown]
# ## The same gradients by hand
#
# `nn.Linear` keeps $\bar W$ of shape (out, in) and $b$ apart. With $Z = X \bar W_1^\top + b_1$, $V = \max(Z, 0)$, $f = V \bar W_2^\top + b_2$:
#
# $$
# \begin{aligned}
# \Delta_2 &= \tfrac{2}{N}(f - y) && N \times 1 \text{: MSELoss divides by } N \\[2pt]
# \Delta_1 &= (\Delta_2 \bar W_2) \odot [Z > 0] && N \times 3 \\[2pt]
# \nabla_{\bar W_l} &= \Delta_l^\top V_{l-1}, \qquad \nabla_{b_l} = \textstyle\sum_n (\Delta_l)_n && \text{the bias saw the value 1 in every example}
# \end{aligned}
# $$


# %% tags=["exercise"] dlcalc={"exercise": "10.manual_grads"}
def manual_grads(model, X, y):
    """The gradients of MSELoss as arrays, in the order of model.parameters(); X (N, 5) and y (N,) are tensors.

    model is Sequential(Linear, ReLU, Linear, Flatten(0, 1)); use parameter.detach().numpy(), and leave the model as it is.
    """
    ### BEGIN SOLUTION
    W1, b1, W2, b2 = (p.detach().numpy() for p in model.parameters())
    X, y = X.numpy(), y.numpy()
    Z = X @ W1.T + b1
    V = np.maximum(Z, 0)
    f = (V @ W2.T + b2)[:, 0]
    delta2 = 2 * (f - y)[:, np.newaxis] / len(y)
    delta1 = (delta2 @ W2) * (Z > 0)
    return [delta1.T @ X, delta1.sum(axis=0), delta2.T @ V, delta2.sum(axis=0)]
    ### END SOLUTION


# %%
check("10.manual_grads", manual_grads)


# %% tags=["exercise"] dlcalc={"exercise": "10.train"}
def train(model, X, y, lr, epochs, seed):
    """Full-batch training with plain SGD and MSELoss: a list of `epochs` floats, entry t the loss before step t."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    loss_fn = torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = loss_fn(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
    ### END SOLUTION


# %%
check("10.train", train)

# %% [markdown]
# ## Break it: programs that train although they are wrong
#
# Leave out one line, and nothing complains.

# %%
no_flatten = predict("10.no-flatten")
no_flatten

# %%
# NBVAL_CHECK_OUTPUT
X, y = (torch.tensor(array) for array in datasets.lecture_regression())
model = lecture_model(torch)
column = model(X).reshape(64, 1)  # what comes out without Flatten
print("shapes", tuple(column.shape), tuple(y.shape), "difference", tuple((column - y).shape))
print(f"with Flatten {((model(X) - y) ** 2).mean().item():.12f}   without {((column - y) ** 2).mean().item():.12f}")

# %%
no_zero_grad = predict("10.no-zero-grad")
no_zero_grad

# %% [markdown]
# **Your task.** Plant each bug with the menu and scrub through the epochs. For each, find the one curve that gives it away. Then raise η
# without a bug until the run diverges, and tell it apart from "no zero_grad". Last, choose two moons: the network
# now draws a decision boundary; how many hidden units does it need?

# %%
flipbook(
    training_dashboard, epoch=range(0, 301, 5), bug=["none", "no_zero_grad", "no_flatten", "sum_for_mean"],
    task={"a curve": "curve", "two moons": "moons"}, learning_rate=[0.01, 0.03, 0.1, 0.3, 1.0], width=[2, 8, 32],
    activation=["relu", "tanh", "sigmoid"], seed=(0, 9),
    labels={"learning_rate": "η", "task": "data"}, locked_by=no_zero_grad,
)  # fmt: skip

# %% [markdown]
# *Notice.* Without Flatten every output is compared with every label, so the best it can learn is the mean of the labels. Without `zero_grad` the
# sum of all past gradients is like a momentum that never fades: the loss swings. A sum in place of the mean multiplies the learning rate by
# the number of examples.

# %% [markdown]
# ## The bug clinic
#
# A patient is a `history` of curves: `"loss"` [epochs], `"gradient_norm"` [epochs][layers], `"dead_units"` [epochs] (of 8). All were trained on full
# batches of 32 examples whose labels have mean 0 and variance 1. Write the doctor.


# %% tags=["exercise"] dlcalc={"exercise": "10.diagnose"}
def diagnose(history):
    """One of "healthy", "no_zero_grad", "no_flatten", "sum_for_mean", "diverges", "dead_units"."""
    ### BEGIN SOLUTION
    loss, norms = np.array(history["loss"]), np.array(history["gradient_norm"])
    if not np.isfinite(loss).all() or loss[-1] > 100 * loss[0]:
        return "diverges"
    if norms[-1][0] == 0:  # no gradient reaches the first layer
        return "dead_units"
    if loss[0] > 10:  # about 32 times the variance of the labels
        return "sum_for_mean"
    if loss[-1] > 1.5 * loss.min():  # it swings
        return "no_zero_grad"
    return "no_flatten" if loss[-1] > 0.8 else "healthy"  # 1 is what predicting the mean costs
    ### END SOLUTION


# %%
check("10.diagnose", diagnose)

# %% [markdown]
# ## Capstone: handwritten digits
#
# 1797 images of 8 × 8 pixels. A network 64-32-10 with softmax cross-entropy: $p = \operatorname{softmax}(f)$, and with $e_y$ the row that has a 1 at the label,
#
# $$\ell = -\ln p_y = \operatorname{logsumexp}(f) - f_y, \qquad \delta^{(L)} = p - e_y \quad (\text{its entries sum to } 0).$$
#
# **Your task.** Scrub through the epochs and watch which digits stay hard.

# %%
flipbook(digit_predictions, epoch=(0, 20), width=[4, 8, 32])

# %% [markdown]
# Now with your own backpropagation: lesson 08's lines, this $\delta^{(L)}$, mini-batches from lesson 02. Divide by the size of the batch once. Ninety-five
# of a hundred images that you have not trained on must be read right.


# %% tags=["exercise"] dlcalc={"exercise": "10.digits"}
def digits(X_train, y_train, seed):
    """A callable predict(X) → labels, trained on X_train (N, 64) in 0..1 and y_train (N,); ≥ 95 % on held-out images."""

    ### BEGIN SOLUTION
    def augment(V):
        return np.hstack([V, np.ones((len(V), 1))])

    rng = np.random.default_rng(seed)
    W1, W2 = rng.normal(size=(48, 65)) * np.sqrt(2 / 64), rng.normal(size=(10, 49)) * np.sqrt(1 / 48)
    X, Y = augment(X_train), np.eye(10)[y_train]
    for _ in range(30):
        order = rng.permutation(len(X))
        for start in range(0, len(X), 32):
            batch = order[start : start + 32]
            Z = X[batch] @ W1.T
            V = augment(np.maximum(Z, 0))
            f = V @ W2.T
            p = np.exp(f - f.max(axis=1, keepdims=True))
            delta2 = (p / p.sum(axis=1, keepdims=True) - Y[batch]) / len(batch)
            delta1 = (delta2 @ W2[:, :-1]) * (Z > 0)
            W2 -= 0.3 * delta2.T @ V
            W1 -= 0.3 * delta1.T @ X[batch]

    def predict(X):
        return np.argmax(augment(np.maximum(augment(X) @ W1.T, 0)) @ W2.T, axis=1)

    return predict
    ### END SOLUTION


# %%
check("10.digits", digits)

# %% [markdown]
# ## In your own words
#
# Finish the sentence: *A falling loss tells me that …, but not that …; so after a training run I look at …*
#
# ## Transfer

# %%
predict("10.transfer")

# %% [markdown]
# ## Where you stand
#
# You have taken backpropagation apart to the last product, and put it together again. Here is your map:

# %%
progress()

# %% [markdown]
# **Sources.** The digits: Alpaydin and Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning Repository, CC BY 4.0.
