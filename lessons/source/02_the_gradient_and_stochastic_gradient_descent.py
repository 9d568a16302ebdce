# %% [markdown]
# # 02 · The gradient and stochastic gradient descent
#
# **The question.** How does a slope tell each weight which way to turn, and why are a few examples enough to ask?
#
# Lesson 01 ran a network forward. Here its answers are compared with labels, and one number says how wrong they are: the
# **loss**. You compute its slope for a model without hidden units, walk downhill, and find out when the walk goes wrong.
#
# *Time: about 45 minutes. You need: lesson 01, the derivative of a square, the chain rule for one variable.*

# %%
import numpy as np

from dlcalc.backpropagation import MLP
from dlcalc.datasets import lecture_regression
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import gradient_descent
from dlcalc.finite_differences import gradient
from dlcalc.optimizers import SGD, Adam
from dlcalc.training import minibatches as library_minibatches
from dlcalc.widgets import explore

# %% [markdown]
# ## Predict first
#
# Think of the loss over two weights as a landscape, in fog: you feel the slope under your feet, and you see no valley. A
# **contour** joins points of equal loss, as on a hiking map. The **gradient** $\nabla\ell$ lists the slopes in both
# directions; it points the steepest way up, and $-\nabla\ell$ is the way in which one step of descent goes.

# %%
direction = predict("02.direction")
direction

# %% [markdown]
# ## How wrong? The loss
#
# For $N$ examples with labels $y_r$ and predictions $\hat y_r$, all numbers, the **mean-squared error** is
#
# $$\ell = \frac1N \sum_{r=1}^{N} (\hat y_r - y_r)^2 .$$
#
# Squares, so that errors up and down cannot cancel, and so that it has a slope everywhere. By hand: $\hat y = (0, 1, 2)$ and
# $y = (1, 2, 2)$. Which three squares, and which mean? In lesson 00 you have mended `mse` already; write it again, for arrays
# of any shape.


# %% tags=["exercise"] dlcalc={"exercise": "02.mse"}
def mse(y_hat, y):
    """The mean over all entries of (y_hat − y)², a float.

    y_hat and y have one shape, any.
    """
    ### BEGIN SOLUTION
    return np.mean((y_hat - y) ** 2)
    ### END SOLUTION


# %%
check("02.mse", mse)

# %% [markdown]
# ## Its slope, line by line
#
# The model: $\hat y = Xw$, one linear layer with one output. $X$ has shape $N \times d$, row $r$ is the example $x_r$; if there is a
# bias, the last column of $X$ is 1. Turn one weight $w_j$ and hold all the others: the slope that you then see is written
# $\partial\ell/\partial w_j$ and called a **partial derivative**. The curly ∂ says "the others are held", and nothing more.
#
# $$
# \begin{aligned}
# \ell(w) &= \frac1N \sum_{r=1}^{N} (\underset{(d)}{x_r} \cdot \underset{(d)}{w} - y_r)^2 && \text{the loss as a function of the weights} \\[4pt]
# \frac{\partial \ell}{\partial w_j} &= \frac1N \sum_{r=1}^{N} 2\,(x_r \cdot w - y_r)\,\frac{\partial (x_r \cdot w)}{\partial w_j} && \text{chain rule: } (u^2)' = 2u\,u' \\[4pt]
# &= \frac2N \sum_{r=1}^{N} (x_r \cdot w - y_r)\,x_{r,j} && \text{in } \textstyle\sum_i x_{r,i} w_i \text{ only } i = j \text{ moves} \\[4pt]
# \underset{(d)}{\nabla \ell} &= \frac2N\; \underset{d \times N}{X^{\mathsf T}}\;\underset{(N)}{(Xw - y)} && \text{all } d \text{; row } j \text{ of } X^{\mathsf T} \text{ holds } x_{r,j}
# \end{aligned}
# $$
#
# $Xw - y$ is called the **residual**: how far each prediction is too high.

# %% [markdown]
# By hand: three points $x = 0, 1, 2$ with labels $1, 2, 2$, and a column of ones; $w = (1, 0)$. First the residual, then
# $X^{\mathsf T}$ times it, then the factor $\tfrac23$. The second line of the cell measures the slopes instead: it moves one weight
# at a time by a small $h$ up and down, and takes $\bigl(\ell(w_j + h) - \ell(w_j - h)\bigr)/2h$. These are **central differences**.

# %%
# NBVAL_CHECK_OUTPUT
X, y = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]), np.array([1.0, 2.0, 2.0])
w = np.array([1.0, 0.0])
print("by the formula", (2 / 3 * X.T @ (X @ w - y)).round(6), "  loss", np.mean((X @ w - y) ** 2).round(6))
print("measured      ", gradient(lambda w: np.mean((X @ w - y) ** 2), w).round(6))

# %% [markdown]
# **Write it** for any $w$ of shape $(d,)$, $X$ of shape $(N, d)$, used as given, and $y$ of shape $(N,)$.


# %% tags=["exercise"] dlcalc={"exercise": "02.grad_linear"}
def grad_linear(w, X, y):
    """The gradient 2/N · Xᵀ(Xw − y) of shape (d,).

    w (d,), X (N, d) as given, y (N,).
    """
    ### BEGIN SOLUTION
    residual = X @ w - y
    return 2 / len(X) * X.T @ residual
    ### END SOLUTION


# %%
check("02.grad_linear", grad_linear)

# %% [markdown]
# ## Which way is down?
#
# A small move $d$ of the weights changes the loss by about $\sum_j \frac{\partial \ell}{\partial w_j} d_j = \nabla\ell \cdot d$: slope times move,
# added over the weights. (Lesson 05 says how good "about" is.) $\nabla\ell$ and $d$ have the shape of $w$ ($d$ is no longer a number of columns here); $\alpha$ is the angle between them.
#
# $$
# \begin{aligned}
# \nabla\ell \cdot d &= \lVert \nabla\ell \rVert\,\lVert d \rVert \cos\alpha && \text{the geometry of the dot product} \\[4pt]
# \nabla\ell \cdot d = 0 \;&\Rightarrow\; \alpha = 90° && \text{contour: } \ell \text{ stays; } d \text{ at } 90° \text{ to } \nabla\ell \\[4pt]
# \cos\alpha = -1 \;&\Rightarrow\; \alpha = 180° && \text{steepest down: along } {-}\nabla\ell
# \end{aligned}
# $$
#
# So a step of **gradient descent** is $w \leftarrow w - \eta\,\nabla\ell$. The **learning rate** $\eta$ is a number that you choose. By hand,
# for the three points above with $w = (1, 0)$ and $\eta = 0.3$: where does one step lead, and what has become of the loss, which was $\tfrac23$?

# %%
# NBVAL_CHECK_OUTPUT
w_next = w - 0.3 * 2 / 3 * X.T @ (X @ w - y)
print("w =", w_next.round(6), "  loss", np.mean((X @ w_next - y) ** 2).round(6))

# %% [markdown]
# ## Look
#
# A line $\hat y = wx + b$ is fitted to 24 points, and the contours show its loss. **Your task.** (1) Batch size 24, step 0:
# compare the arrow with the dotted contour direction and the dashed way to the minimum. (2) Batch size 4, then 1: the dots
# are the steps that mini-batches would make. Where is their middle? Change the seed. (3) Batch size 24, step 40: raise η
# until the walk does not come down any more. At which η?

# %%
explore(
    gradient_descent,
    learning_rate=(0.01, 1.0, 0.01), batch_size=(1, 24), seed=(0, 9), step=(0, 40),
    labels={"learning_rate": "learning rate η"}, locked_by=direction,
)  # fmt: skip

# %% [markdown]
# *Notice.* (1) The arrow stands at a right angle to the contour and as a rule misses the minimum: steepest is local. (2) The
# steps of mini-batches scatter around the full step, the more the smaller the batch. (3) Past η ≈ 0.68 the loss explodes:
# more steps only make it worse. The figure calls this threshold $2/\lambda$; three sections below you find out why.

# %% [markdown]
# ## Why a few examples are enough
#
# Write $\ell_r$ for the loss of example $r$. A **mini-batch** $\mathcal B_k$ is a set of $B$ examples; an **epoch** cuts all $N = KB$
# examples, shuffled, into $K$ of them. All gradients have the shape of $w$.
#
# $$
# \begin{aligned}
# \nabla\ell_{\mathcal B_k} &= \frac1B \sum_{r \in \mathcal B_k} \nabla\ell_r && \text{the gradient of a mini-batch is a mean} \\[4pt]
# \frac1K \sum_{k=1}^{K} \nabla\ell_{\mathcal B_k} &= \frac1{KB} \sum_{k=1}^{K} \sum_{r \in \mathcal B_k} \nabla\ell_r && \text{mean over an epoch, } w \text{ fixed} \\[4pt]
# &= \frac1N \sum_{r=1}^{N} \nabla\ell_r = \nabla\ell && \text{each example is in one batch}
# \end{aligned}
# $$
#
# **Said more exactly than usual.** Mini-batch gradients average to the full gradient if all batches are equally large. With a
# shorter last batch, weigh each batch with its share of the examples:

# %%
# NBVAL_CHECK_OUTPUT
X, y = np.array([[0.0, 1], [1, 1], [2, 1], [3, 1], [4, 1]]), np.array([1.0, 2, 2, 4, 7])
w = np.array([1.0, 0.0])
batches = [[0, 3], [1, 4], [2]]
slopes = [2 / len(k) * X[k].T @ (X[k] @ w - y[k]) for k in batches]
for batch, slope in zip(batches, slopes, strict=True):
    print("batch", batch, "gradient", slope)
print("plain mean", np.mean(slopes, axis=0).round(4), "  weighted", np.average(slopes, axis=0, weights=[2, 2, 1]))
print("full      ", 2 / 5 * X.T @ (X @ w - y))

# %% [markdown]
# **Write the cutting.** The order comes from `rng` alone, a `np.random.Generator`; full batches but a shorter last.


# %% tags=["exercise"] dlcalc={"exercise": "02.minibatches"}
def minibatches(n, batch_size, rng):
    """A list (or generator) of index sequences, shuffled by rng.

    Each of 0..n−1 comes once; all batches are full but a shorter last.
    """
    ### BEGIN SOLUTION
    order = rng.permutation(n)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]
    ### END SOLUTION


# %%
check("02.minibatches", minibatches)

# %% [markdown]
# **Write the step**, for a list of parameter arrays and the list of their gradients. Make new arrays: `p -= …` would change
# the ones that came in.


# %% tags=["exercise"] dlcalc={"exercise": "02.sgd_step"}
def sgd_step(params, grads, lr):
    """A new list p − lr·g.

    params and grads are lists of arrays, pair by pair of one shape.
    """
    ### BEGIN SOLUTION
    return [params[i] - lr * grads[i] for i in range(len(params))]
    ### END SOLUTION


# %%
check("02.sgd_step", sgd_step)

# %% [markdown]
# ## The walk
#
# Shuffle, cut, step, again: that is **stochastic gradient descent**, SGD. The cell uses the library's mini-batches, so it runs
# whether or not yours are right yet. Change `batch_size` to 64 and to 1, and run it again: which one has come down most after
# one epoch, and which one never comes to rest?

# %%
X, y = lecture_regression()
V, w, rng = np.column_stack([X, np.ones(64)]), np.zeros(6), np.random.default_rng(0)
batch_size = 4
for epoch in range(1, 501):
    for k in library_minibatches(64, batch_size, rng):
        w = w - 0.01 * 2 / len(k) * V[k].T @ (V[k] @ w - y[k])
    if epoch in (1, 10, 100, 300, 500):
        print(f"epoch {epoch:3d}: loss {np.mean((V @ w - y) ** 2):.4f}")
print("the best weights have", np.mean((V @ np.linalg.lstsq(V, y)[0] - y) ** 2).round(4))

# %% [markdown]
# *Notice.* With `batch_size` 64 an epoch is one single step, smooth and slow. With 1 it is 64 steps: after one epoch you are
# nearly down, but each example pulls its own way, so the walk jitters around the minimum and never quite rests. Sizes between
# are the compromise.

# %% [markdown]
# ## How large may η be?
#
# One weight, no bias: $\hat y = wx$, all of it numbers. The loss is a parabola in $w$ with its minimum at $w^*$ and
# the **curvature** $\lambda = \ell''(w) = \tfrac2N \sum_r x_r^2$.
#
# $$
# \begin{aligned}
# \ell(w) &= \ell(w^*) + \tfrac{\lambda}{2}(w - w^*)^2 && \text{a parabola with the curvature } \lambda \\[4pt]
# \ell'(w) &= \lambda\,(w - w^*) && \text{its slope} \\[4pt]
# w - \eta\,\ell'(w) - w^* &= (1 - \eta\lambda)\,(w - w^*) && \text{one step, seen from } w^* \\[4pt]
# \lvert 1 - \eta\lambda \rvert < 1 \;&\Leftrightarrow\; 0 < \eta < \frac2\lambda && \text{only then does the distance shrink}
# \end{aligned}
# $$
#
# So each step multiplies the distance by $1 - \eta\lambda$. By hand: $\lambda = 4$. What does each step do to the distance at $\eta = 0.25$, $0.4$, $0.5$ and $0.6$?

# %%
# NBVAL_CHECK_OUTPUT
for rate in (0.1, 0.25, 0.4, 0.5, 0.6):
    distance = (1 - rate * 4) ** np.arange(6)
    print(f"eta = {rate:4.2f}: factor {1 - rate * 4:5.2f}   distances {distance.round(2)}")

# %% [markdown]
# At $0.25$ one step arrives; at $0.4$ each step jumps across the valley and still comes nearer; at $0.5$ it jumps to and fro for
# ever; at $0.6$ it climbs out. With several weights the steepest direction sets the limit: $\lambda$ is the largest curvature.
# In the figure that gives $2/\lambda \approx 0.68$.

# %% [markdown]
# ## Better steps
#
# In a long valley plain descent must take steps small enough for the steep direction, and creeps along the flat one. Two
# remedies, as PyTorch computes them. $\theta$ holds the parameters and $g$ their gradient; $u$, $m$ and $s$ have the shape of
# $\theta$ and begin at 0; squares, roots and quotients are taken entry by entry; $t = 1, 2, \dots$ counts the steps. Usual are $\mu = \beta_1 = 0.9$, $\beta_2 = 0.999$, and an $\varepsilon = 10^{-8}$ that keeps off $0/0$.
#
# $$
# \begin{aligned}
# \text{momentum:}\quad u &\leftarrow \mu u + g && \text{a rolling ball keeps } \mu \text{ of its speed} \\
# \theta &\leftarrow \theta - \eta u && \text{and moves by its speed} \\[6pt]
# \text{Adam:}\quad m &\leftarrow \beta_1 m + (1-\beta_1)\, g && \text{a fading mean of gradients} \\
# s &\leftarrow \beta_2 s + (1-\beta_2)\, g^2 && \text{a fading mean of squares} \\
# \theta &\leftarrow \theta - \eta\, \frac{m/(1-\beta_1^t)}{\sqrt{s/(1-\beta_2^t)} + \varepsilon} && \text{divided to undo the start at } 0
# \end{aligned}
# $$
#
# By hand: put $t = 1$ into Adam. Then $m/(1-\beta_1) = g$ and $\sqrt{s/(1-\beta_2)} = \lvert g \rvert$, so the first step moves every
# parameter by $\eta$, whether its slope is large or small. That is how Adam ignores the shape of the valley.

# %%
for name, optimizer in {"plain": SGD(lr=0.004), "momentum": SGD(lr=0.004, momentum=0.9), "Adam": Adam(lr=0.1)}.items():
    w = np.array([-4.0, 1.0])  # on the valley w₁² + 100 w₂², whose minimum is at 0
    for _ in range(200):
        optimizer.step([w], [np.array([2.0, 200.0]) * w])
    print(f"{name:9s} distance from the minimum after 200 steps: {np.linalg.norm(w):.1e}")

# %% [markdown]
# ## What it costs to measure
#
# All of this needs $\partial\ell/\partial w^{(l)}_{j,i}$ for **every** weight of a network, hidden layers included. For a linear model you
# have a formula. Measuring works for any network, but each of the $P$ weights takes two losses, so $2P$ forward passes for
# one step. Count them for the lecture's 5-3-1 network, whose weights stand in one long vector θ of 18 + 4 numbers:

# %%
# NBVAL_CHECK_OUTPUT
X, y = lecture_regression()
net, calls = MLP([5, 3, 1], activation="relu", rng=0), []


def loss(theta):
    calls.append(1)
    return MLP(weights=[theta[:18].reshape(3, 6), theta[18:].reshape(1, 4)], activation="relu").loss(X, y)


measured, computed = gradient(loss, np.append(*net.weights)), np.append(*net.gradients(X, y))
print(len(measured), "weights,", len(calls), "losses")
print("backpropagation agrees:", np.allclose(measured, computed, rtol=1e-6, atol=1e-7))

# %% [markdown]
# Backpropagation gets the same 22 numbers from one forward and one backward pass. Lessons 03 to 08 show how.

# %%
predict("02.is-gradient-descent")

# %% [markdown]
# ## Break it
#
# Three slips of training code. Set `bug` to each name in turn. Two of them are one and the same in disguise. The third can be
# cured by a smaller `rate`: which one is it, and by which factor?

# %%
bug, rate, w = "none", 0.1, np.zeros(6)  # "ascent", "sign of the residual", "sum for mean"
for _ in range(50):
    residual = y - V @ w if bug == "sign of the residual" else V @ w - y
    slope = 2 * V.T @ residual / (1 if bug == "sum for mean" else 64)
    w = w + rate * slope if bug == "ascent" else w - rate * slope
print(f"loss {np.mean((V @ w - y) ** 2):.4g}")

# %% [markdown]
# <details><summary>What you should have seen</summary>
#
# A wrong sign, in the step or in the residual, walks uphill: the same loss, to the last digit. "sum for mean" makes each step
# 64 times too long, once for every example, so it leaves the valley as well; `rate = 0.1 / 64` gives the right walk again. It is
# the slip that hides best: with a small rate or a small batch it works, until somebody changes the batch size.
#
# </details>
#
# ## In your own words
#
# Finish the sentence in a new cell or on paper: *A mini-batch points the right way on average, because …; and η must stay below
# a threshold, because otherwise each step …*
#
# ## Transfer

# %%
predict("02.units")

# %% [markdown]
# ## What comes next
#
# $X^{\mathsf T}(Xw - y)$ was possible because nothing stood between the weights and the output. Lesson 03 puts one unit in between:
# [03 The smallest network](03_the_smallest_network.ipynb).
#
# **Sources.** Goodfellow, Bengio and Courville, *Deep Learning*, §4.3 (gradient-based optimization) and §5.9 (stochastic
# gradient descent). Goh, *Why momentum really works*, Distill 2017, draws the factor $1 - \eta\lambda$ for each direction. Kingma and Ba,
# arXiv 1412.6980 (Adam). Deisenroth, Faisal and Ong, *Mathematics for Machine Learning*, §5.2 (partial derivatives and gradients).
