# %% [markdown]
# # 10 · Training: the PyTorch example and real digits
#
# **The question.** The gradient is right, the loss goes down. Is the network right?
#
# You run the lecture's PyTorch program, meet programs that train although they are wrong, and let your own backpropagation read handwriting.
#
# *Time: about 45 minutes. You need: lessons 08 and 09.*

# %%
import importlib.util

import numpy as np

from dlcalc import autodiff as torch
from dlcalc import datasets
from dlcalc.exercises import check, hint, predict, progress, solution
from dlcalc.exercises.lessons.clinic import histories
from dlcalc.figures import digit_predictions, training_dashboard
from dlcalc.widgets import flipbook

# %% [markdown]
# ## The lecture's program
#
# `dlcalc.autodiff` is lesson 09's engine in PyTorch's clothes: the lecture's program runs as it stands. A step:
#
# | line | what | lesson |
# |---|---|---|
# | `y_pred = model(X)` | forward propagation | 01 |
# | `loss = loss_fn(y_pred, y)` | $\ell=\frac1N\sum(f-y)^2$ | 02 |
# | `optimizer.zero_grad()` | clear what accumulates | 09 |
# | `loss.backward()` | backpropagation | 07-09 |
# | `optimizer.step()` | $W\leftarrow W-\eta\,\nabla_W\ell$ | 02 |
#
# `nn.Linear(5, 3)` is $Z=X\bar W^\top+b$ with $\bar W$ (out, in) and $b$ apart; `Flatten(0, 1)` makes the (N, 1) outputs (N,), as the labels are.


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
# The same function on PyTorch, if it is installed here (else nothing is printed):

# %%
if importlib.util.find_spec("torch"):
    theirs = lecture_run(importlib.import_module("torch"))
    print(f"largest difference over 1000 steps: {max(abs(a - b) for a, b in zip(losses, theirs)):.1e}")

# %% [markdown]
# ## The same gradients by hand
#
# Lesson 08, with $\bar W$ and $b$ apart. Forward: $Z=X\bar W_1^\top+b_1$, $V=\max(Z,0)$, $f=V\bar W_2^\top+b_2$. With $V_0=X$ and $V_1=V$, back:
#
# $$
# \begin{aligned}
# \underbrace{\Delta_2}_{N\times 1}&=\tfrac{2}{N}\underbrace{(f-y)}_{N\times 1}&&\text{mean; } y \text{ as a column}\\[2pt]
# \underbrace{\Delta_1}_{N\times 3}&=(\underbrace{\Delta_2}_{N\times 1}\;\underbrace{\bar W_2}_{1\times 3})\odot\underbrace{[Z>0]}_{N\times 3}&&\text{ReLU's slope is 1 or 0}\\[2pt]
# \underbrace{\nabla_{\bar W_l}\ell}_{n_l\times n_{l-1}}&=\underbrace{\Delta_l^\top}_{n_l\times N}\;\;\underbrace{V_{l-1}}_{N\times n_{l-1}},\qquad\underbrace{\nabla_{b_l}\ell}_{(n_l)}=\textstyle\sum_{\text{rows}}\Delta_l&&\text{the bias meets a 1}
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
    """Full-batch training with plain SGD and MSELoss: a list of `epochs` floats, entry t the loss before step t.

    model(X) and y are tensors (N,). seed is for torch.manual_seed, though full batches draw nothing at random.
    """
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
# Leave out one line, and the loss still falls at first.

# %%
predict("10.no-flatten")

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
# **Your task.** At η = 0.01 plant each bug with the menu and scrub through the epochs: which curve gives it away? Then raise η without a bug until the
# run diverges, and tell it apart from "no_zero_grad". Last, choose two moons and η = 1: how many hidden units does the decision boundary need?

# %%
flipbook(
    training_dashboard, epoch=range(0, 301, 5), bug=["none", "no_zero_grad", "no_flatten", "sum_for_mean"],
    learning_rate=[0.01, 0.03, 0.1, 0.3, 1.0], width=[2, 8, 32], activation=["relu", "tanh", "sigmoid"],
    task={"a curve": "curve", "two moons": "moons"}, seed=[1, 2, 3],
    labels={"learning_rate": "η", "task": "data"}, locked_by=no_zero_grad,
)  # fmt: skip

# %% [markdown]
# *Notice.* Without Flatten every output is compared with every label, and the best answer is their mean. Without `zero_grad` each
# step uses the sum of all gradients so far, a **momentum** that never fades: the loss swings, wider with larger η. A sum in place of the mean multiplies η by the
# number of examples.

# %% [markdown]
# ## The bug clinic
#
# A patient is a `history` of curves: `"loss"` [epochs], `"gradient_norm"` [epochs][layers], `"dead_units"` [epochs] (of 8). All were trained on full
# batches of 32 examples with labels of mean 0 and variance 1: to predict the mean costs 1. Known cases:

# %%
for label, patient in sorted(histories(seed=1), key=lambda pair: pair[0]):
    loss = patient["loss"]
    print(f"{label:13s} loss {loss[0]:5.3g} → {loss[-1]:6.3g}, lowest {np.nanmin(loss):6.3g};", end=" ")
    print(f"last norm in layer 1 {patient['gradient_norm'][-1][0]:.2g}")

# %% [markdown]
# **Write the doctor.**


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
# 1797 images of 8 × 8 pixels, each from 0 (paper) to 1 (ink). A fifth is **held out**: the network never trains on it.
#
# **Your task.** This network, 64-32-10, is the library's. Scrub through its epochs: which digits stay hard?

# %%
flipbook(digit_predictions, epoch=(0, 20), width=[4, 8, 32])

# %% [markdown]
# *Notice.* 8 stays hardest, most often read as 1.
#
# **Now yours.** Copy what you have written into the cell below (it is graded alone):
#
# 1. `augment` and `forward` (lesson 01), `minibatches` and `sgd_step` (02), `linear_backward` and `mlp_backward` (08).
# 2. Random weights from `np.random.default_rng(seed)`, with He's variance $2/n_{\text{in}}$ (04).
# 3. For some 30 epochs and each mini-batch: forward with ReLU; $\Delta^{(L)}=(\operatorname{softmax}(F)-E)/B$, where row by row $E$ is $e_y$, 1 at the
#    label (08; divide by the batch size $B$ once); backward, with ReLU's slope for sigmoid's; a step with η near 0.3.
# 4. Return a function: forward, then argmax of each row.
#
# If the loss does not fall, use `gradient_check` (08). The goal: 95 %.


# %% tags=["exercise"] dlcalc={"exercise": "10.digits"}
def digits(X_train, y_train, seed):
    """A callable predict(X) → labels, trained on X_train (N, 64) in 0..1 and y_train (N,); ≥ 95 % on held-out images."""

    ### BEGIN SOLUTION
    def augment(X):
        return np.hstack([X, np.ones((len(X), 1))])

    def forward(X, weights):
        cache = [(X, augment(X))]
        for W in weights:
            Z = cache[-1][1] @ W.T
            cache.append((Z, augment(np.maximum(Z, 0))))
        return cache

    def linear_backward(delta, V, W):
        return delta @ W[:, :-1], delta.T @ V

    def backward(weights, cache, delta):
        gradients = []
        for layer in reversed(range(len(weights))):
            delta_V, gradient = linear_backward(delta, cache[layer][1], weights[layer])
            gradients.insert(0, gradient)
            delta = delta_V * (cache[layer][0] > 0)
        return gradients

    def softmax(f):
        p = np.exp(f - f.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)

    def predict(X):
        return np.argmax(forward(X, weights)[-1][0], axis=1)

    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(48, 65)) * np.sqrt(2 / 64), rng.normal(size=(10, 49)) * np.sqrt(2 / 48)]
    labels = np.eye(10)[y_train]
    for _ in range(30):
        for batch in np.array_split(rng.permutation(len(X_train)), len(X_train) // 32):
            cache = forward(X_train[batch], weights)
            delta = (softmax(cache[-1][0]) - labels[batch]) / len(batch)
            gradients = backward(weights, cache, delta)
            weights = [W - 0.3 * gradient for W, gradient in zip(weights, gradients)]
    return predict
    ### END SOLUTION


# %%
result = check("10.digits", digits)
result

# %% [markdown]
# Once it passes, an image that your network misreads: can you read it?

# %%
if result.passed:
    trained_on, (X, y) = datasets.held_out_split(*datasets.digits())
    read = np.asarray(digits(*trained_on, seed=0)(X))
    print(f"{np.mean(read == y):.1%} of {len(y)} held-out images are read right")
    for index in np.flatnonzero(read != y)[:1]:
        print(f"This {y[index]} was read as {read[index]}:")
        print("\n".join("".join(" .:*#"[int(4 * ink)] * 2 for ink in row) for row in X[index].reshape(8, 8)))

# %% [markdown]
# ## In your own words
#
# Finish the sentence: *A falling loss tells me that …, but not that …; so after a training run I look at …*
#
# ## Transfer

# %%
predict("10.transfer")

# %% [markdown]
# ## What comes next
#
# Networks of your own: a layer new to you is one more operation with its VJP (09). Where you stand:

# %%
progress()

# %% [markdown]
# **Sources.** The digits: Alpaydin and Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning Repository, CC BY 4.0.
