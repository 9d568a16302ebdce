# %% [markdown]
# # 08 · Backpropagation in matrices
#
# **The question.** The three equations of lesson 07 fit into three lines of NumPy. How do you know that your three lines are the
# right ones?
#
# There are at least eighteen ways to get them wrong that learners really take. Some raise an error at once; most run, train,
# and give numbers that are a little off. Here you write the lines, and you build the check that catches all eighteen.
#
# *Time: about 45 minutes. You need: lessons 05 to 07.*

# %%
from textwrap import fill

import numpy as np

from dlcalc import jacobians
from dlcalc.backpropagation import MLP
from dlcalc.backward_slips import SLIPS, examine
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import linked_view, shape_tiles
from dlcalc.losses import LOSSES
from dlcalc.widgets import explore

# %% [markdown]
# ## From units to matrices
#
# Stack the units of a layer side by side, and the $N$ examples of a batch one below the other. Each line of lesson 07 becomes a product. The rule to read
# it by: **an index that is summed stands in the middle, where the two factors meet.**
#
# $$
# \begin{aligned}
# \underbrace{Z^{(l)}}_{N\times n_l} &= \underbrace{V^{(l-1)}}_{N\times (n_{l-1}+1)}\; \underbrace{W^{(l)\top}}_{(n_{l-1}+1)\times n_l} && z_j = \textstyle\sum_i w_{j,i}\, v_i \\[6pt]
# \underbrace{\Delta^{(l)}}_{N\times n_l} &= \bigl(\underbrace{\Delta^{(l+1)}}_{N\times n_{l+1}}\;\underbrace{\bar W^{(l+1)}}_{n_{l+1}\times n_l}\bigr)\odot \underbrace{\varphi'(Z^{(l)})}_{N\times n_l} && \delta_j = \varphi'(z_j)\textstyle\sum_k w_{k,j}\,\delta_k \\[6pt]
# \underbrace{\nabla_{W^{(l)}}\ell}_{n_l\times(n_{l-1}+1)} &= \underbrace{\Delta^{(l)\top}}_{n_l\times N}\;\underbrace{V^{(l-1)}}_{N\times(n_{l-1}+1)} && \partial\ell/\partial w_{j,i} = \delta_j v_i
# \end{aligned}
# $$
#
# In the first line the nodes $i$ meet, in the second the units $k$ ($\odot$ multiplies entry by entry), in the third the examples: their gradients
# add up. $\bar W$ is $W$ without its bias column, because the bias node gets no signal. The first line of all is $\Delta^{(L)}$, which comes from the loss; for PyTorch's
# mean-squared error it is $\Delta^{(L)} = 2(F - Y)/(N n_L)$. The factor of the mean enters **here and nowhere else**: every later line inherits it.

# %% [markdown]
# **By hand.** The network of lesson 07, now with two examples, $(2, 1)$ and $(0, 2)$, both with the label 0:
#
# $$
# V^{(0)} = \begin{pmatrix} 2 & 1 & 1 \\ 0 & 2 & 1 \end{pmatrix}, \quad
# Z^{(1)} = \begin{pmatrix} 1 & 4 \\ -2 & 1 \end{pmatrix}, \quad
# V^{(1)} = \begin{pmatrix} 1 & 4 & 1 \\ 0 & 1 & 1 \end{pmatrix}
# $$
#
# $$
# F = \begin{pmatrix} -4.5 \\ -1.5 \end{pmatrix}, \quad
# \Delta^{(2)} = \frac{2(F - 0)}{2 \cdot 1} = \begin{pmatrix} -4.5 \\ -1.5 \end{pmatrix}
# $$
#
# $$
# \Delta^{(1)} = \Bigl( \begin{pmatrix} -4.5 \\ -1.5 \end{pmatrix} \begin{pmatrix} 3 & -2 \end{pmatrix} \Bigr) \odot \begin{pmatrix} 1 & 1 \\ 0 & 1 \end{pmatrix} = \begin{pmatrix} -13.5 & 9 \\ 0 & 3 \end{pmatrix}
# $$
#
# The 0 among the slopes is ReLU's at $z = -2$. Compute the two gradients $\Delta^\top V$ on paper, then run the cell. (The first example's share is half of lesson 07's numbers: the mean.)

# %%
# NBVAL_CHECK_OUTPUT
W1, W2 = np.array([[1.0, -1.0, 0.0], [2.0, 1.0, -1.0]]), np.array([[3.0, -2.0, 0.5]])
net = MLP(weights=[W1, W2], activation="relu", loss="mse")
run = net.forward([[2.0, 1.0], [0.0, 2.0]])
back = net.backward(run, [[0.0], [0.0]])
print("Delta1        ", (back.delta[0] + 0.0).tolist())
print("gradient of W1", back.gradients[0].tolist())
print("gradient of W2", back.gradients[1].tolist())

# %%
shapes = predict("08.square")
shapes

# %% [markdown]
# **Your task.** Each row of tiles is one of the products above. Choose a few slips in the menu and see which tile changes. How many of the eighteen
# are caught by the shapes of a 4-3-2 network with N = 7? Make N and all widths 3, and watch the count at the lower right; then make N = 1.

# %%
explore(
    shape_tiles, slip=["none", *SLIPS], examples=(1, 8), inputs=(1, 6), hidden=(1, 6), outputs=(1, 6),
    labels={"examples": "N"}, locked_by=shapes,
)  # fmt: skip

# %% [markdown]
# *Notice.* At best the shapes catch five of eighteen, with all sizes 3 only three. With a single example some slips even give the right numbers. So
# test on a network whose sizes all differ, with several examples, and compare numbers, not shapes.

# %% [markdown]
# ## Write it
#
# **One layer back, linear part.** In: $\Delta^{(l)}$, the $V^{(l-1)}$ and $W^{(l)}$ of the forward pass. Out: what goes on to
# $V^{(l-1)}$ without its bias nodes, $\Delta^{(l)} \bar W^{(l)}$, and the gradient.


# %% tags=["exercise"] dlcalc={"exercise": "08.linear_backward"}
def linear_backward(delta, V, W):
    """(delta_V, grad_W) = (Δ W̄, ΔᵀV), shapes (N, n_{l−1}) and (n_l, n_{l−1} + 1); no 1/N of its own.

    delta (N, n_l), V (N, n_{l−1} + 1) with its ones, W (n_l, n_{l−1} + 1) with the bias last.
    """
    ### BEGIN SOLUTION
    return delta @ W[:, :-1], delta.T @ V
    ### END SOLUTION


# %%
check("08.linear_backward", linear_backward)


# %% tags=["exercise"] dlcalc={"exercise": "08.activation_backward"}
def activation_backward(delta_V, Z, dphi):
    """delta_V ⊙ φ′(Z), all of shape (N, n_l); dphi is φ′."""
    ### BEGIN SOLUTION
    return delta_V * dphi(Z)
    ### END SOLUTION


# %%
check("08.activation_backward", activation_backward)

# %% [markdown]
# Before the first layer there is no φ: there $\Delta^{(1)} \bar W^{(1)} = \nabla_X \ell$, $N \times n_0$, is the gradient by the inputs. Training does not need it.
#
# **All layers.** `cache[0]` is the pair (X, [X 1]); after it come the pairs (Z, V) of lesson 01, so `cache[l]` belongs to layer $l$, and the last
# pair holds the output twice. φ is the sigmoid: (1 − v)·v is its slope, from the values that you have (lesson 04). The loss is the mean of (f − y)² over
# all N·n_L entries; `y` has the shape of f. Begin with Δ of the output. Then, from the last layer to the first: the gradient, and Δ of the
# layer before.


# %% tags=["exercise"] dlcalc={"exercise": "08.mlp_backward"}
def mlp_backward(weights, cache, y):
    """The list of L gradients of the mean-squared error (mean over N·n_L), each shaped like its weights.

    weights: list of (n_l, n_{l−1} + 1); cache: [(X, [X 1]), (Z, V), ..., (Z, Z)]; y (N, n_L); φ = sigmoid.
    """
    ### BEGIN SOLUTION
    f = cache[-1][0]
    delta = 2 * (f - y) / f.size
    gradients = []
    for layer in reversed(range(len(weights))):
        delta_V, gradient = linear_backward(delta, cache[layer][1], weights[layer])
        gradients.insert(0, gradient)
        if layer > 0:
            v = cache[layer][1][:, :-1]
            delta = delta_V * v * (1 - v)
    return gradients
    ### END SOLUTION


# %%
check("08.mlp_backward", mlp_backward)

# %% [markdown]
# ## The same as a product of Jacobians
#
# The lecture has this derivation on one line. For one example and $l \le L-1$, with the Jacobians of lesson 05:
#
# $$
# \frac{\partial\ell}{\partial W^{(l)}} =
# \underbrace{\underbrace{\frac{\partial\ell}{\partial f}}_{1\times n_L}\;
# \underbrace{\frac{\partial f}{\partial z^{(L-1)}}}_{n_L\times n_{L-1}}\cdots
# \underbrace{\frac{\partial z^{(l+1)}}{\partial z^{(l)}}}_{n_{l+1}\times n_l}}_{\delta^{(l)\top} \text{, a row: } 1 \times n_l}\;
# \underbrace{\frac{\partial z^{(l)}}{\partial W^{(l)}}}_{n_l\times n_l (n_{l-1}+1)}
# $$
#
# $$
# \begin{aligned}
# \frac{\partial z^{(l+1)}}{\partial z^{(l)}} &= \underbrace{\bar W^{(l+1)}}_{n_{l+1}\times n_l}\, \underbrace{\operatorname{diag}\bigl(\varphi'(z^{(l)})\bigr)}_{n_l\times n_l} && \text{a layer's Jacobian (lesson 05)} \\[4pt]
# \underbrace{\delta^{(l)\top}}_{1\times n_l} &= (\underbrace{\delta^{(l+1)\top}}_{1\times n_{l+1}}\, \bar W^{(l+1)}) \odot \underbrace{\varphi'(z^{(l)})^\top}_{1\times n_l} && \text{a row times diag (lesson 06)} \\[4pt]
# \frac{\partial \ell}{\partial w^{(l)}_{j,i}} &= \sum_k \delta^{(l)}_k\, \underbrace{[k=j]\, v^{(l-1)}_i}_{\partial z_k / \partial w_{j,i}} = \delta^{(l)}_j\, v^{(l-1)}_i && \text{only } z_j \text{ contains } w_{j,i} \\[4pt]
# \nabla_{W^{(l)}}\ell &= \underbrace{\delta^{(l)}}_{n_l\times 1}\, \underbrace{v^{(l-1)\top}}_{1\times (n_{l-1}+1)} && \text{all of them, in the shape of } W
# \end{aligned}
# $$
#
# (The slide's $\partial\ell/\partial W$ is the transpose of the last line.) The product for layer $l$ begins like that for layer $l+1$. The lecture's key insight is to **reuse** it: the forward pass and layer $l+1$'s error
# signal are there already. From scratch layer $l$ needs $L - l$ vector-Jacobian products, with reuse one.

# %%
# NBVAL_CHECK_OUTPUT
for L in (2, 5, 50):
    scratch = sum(L - layer for layer in range(1, L + 1))
    assert scratch == L * (L - 1) // 2
    print(f"L = {L:2d}: {scratch:4d} vector-Jacobian products from scratch, {L - 1:2d} with reuse")

# %%
row = back.delta[1][0] @ jacobians.layer(W2, run.z[0][0], "relu")
print("by Jacobians, example 1:", row, "  in matrices:", back.delta[0][0])

# %% [markdown]
# **Four pictures of one thing.** Units (lesson 07), matrices, a product of Jacobians, and a graph with its paths (lesson 06) say the same.
#
# **Your task.** Choose an error signal and find its number in each of the four pictures. Then choose a weight: which two numbers is its gradient the product
# of, and where does each picture keep them?

# %%
explore(
    linked_view,
    choose=["δ⁽¹⁾₁", "δ⁽¹⁾₂", "δ⁽²⁾", "w⁽¹⁾₁,₁", "w⁽¹⁾₁,₂", "b⁽¹⁾₁", "w⁽¹⁾₂,₁", "w⁽¹⁾₂,₂", "b⁽¹⁾₂", "w⁽²⁾₁,₁", "w⁽²⁾₁,₂", "b⁽²⁾"],
    x1=(-2, 2, 0.5), y=(-2, 2, 0.5), activation=["sigmoid", "tanh", "relu"],
)  # fmt: skip

# %% [markdown]
# *Notice.* The four differ in what they show at once: units show *where* a number belongs, matrices *how* to compute all of them, Jacobians *why* the order
# matters, the graph *that* nothing but paths is needed.

# %% [markdown]
# ## Another loss changes one line
#
# Only $\Delta^{(L)}$ knows the loss. For classes, softmax makes probabilities of the outputs, $p_j = e^{f_j} / \sum_k e^{f_k}$, and **cross-entropy** charges
# $-\ln$ of the label's probability. One example with $f$, $p$ and $\delta$ of shape $(n_L)$:
#
# $$
# \begin{aligned}
# \ell = -\ln p_y &= -\ln \frac{e^{f_y}}{\sum_k e^{f_k}} = \ln \textstyle\sum_k e^{f_k} - f_y && \text{ln of a quotient} \\[4pt]
# \delta^{(L)}_j = \frac{\partial\ell}{\partial f_j} &= \frac{e^{f_j}}{\sum_k e^{f_k}} - [j = y] = p_j - [j = y] && (\ln u)' = u'/u \\[4pt]
# \delta^{(L)} &= p - e_y && e_y \text{: 1 at the label, else 0}
# \end{aligned}
# $$
#
# By hand: $f = (\ln 2, 0, 0)$ gives $p = (\tfrac12, \tfrac14, \tfrac14)$, and with the first class as the label $\delta = (-\tfrac12, \tfrac14, \tfrac14)$. Its entries always sum to 0:
# what one class gains, the others lose. Every output is in every $p_j$, so the loss is no sum of terms in one $f_j$ each.
#
# | loss of one example | $\delta^{(L)}$ | the mean divides by |
# |---|---|---|
# | $\sum_j (f_j - y_j)^2$ | $2(f - y)$ | $N n_L$ |
# | $\tfrac12 \sum_j (f_j - y_j)^2$ | $f - y$ | $N$ |
# | cross-entropy, $\ln \sum_k e^{f_k} - f_y$ | $\operatorname{softmax}(f) - e_y$ | $N$ |
# | binary cross-entropy, $\sum_j \ln(1 + e^{f_j}) - y_j f_j$ | $\sigma(f) - y$, $\sigma$ the sigmoid | $N n_L$ |
#
# The last line for one output, whose label 0 or 1 has the probability $1 - \sigma(f)$ or $\sigma(f)$:
#
# $$
# \begin{aligned}
# \ell = -y \ln \sigma(f) - (1-y) \ln(1 - \sigma(f)) &= \ln(1 + e^f) - y f && \sigma(f) = e^f/(1 + e^f) \\[4pt]
# \delta = \frac{\partial\ell}{\partial f} = \frac{e^f}{1 + e^f} - y &= \sigma(f) - y && (\ln u)' = u'/u
# \end{aligned}
# $$
#
# Written as they stand, $\ln\sum_k e^{f_k}$ and $\ln(1 + e^f)$ overflow at $f = 1000$. So one takes the largest out first: $\ln\sum_k e^{f_k} = f_{\max} + \ln\sum_k e^{f_k - f_{\max}}$,
# and $\ln(1 + e^f) = \max(f, 0) + \ln(1 + e^{-|f|})$.

# %%
# NBVAL_CHECK_OUTPUT
signal = LOSSES["cross_entropy"].error_signal([[np.log(2.0), 0.0, 0.0]], [0])
print("cross_entropy, by hand:", (signal + 0.0).round(12).tolist())
f, y = np.array([[0.0, 1000.0, 0.0, 0.0]]), np.array([[1.0, 0.0, 0.0, 1.0]])
for name in ("mse", "half_squared_error", "cross_entropy", "binary_cross_entropy"):
    target = [0] if name == "cross_entropy" else y
    loss, signal = LOSSES[name](f, target), LOSSES[name].error_signal(f, target)
    print(f"{name:20s} loss {loss:12.4f}   Delta {(signal + 0.0).tolist()}")

# %% [markdown]
# ## The check that needs no reference
#
# Central differences measure every entry of the gradient: $n_i = \bigl(\ell(\theta + h e_i) - \ell(\theta - h e_i)\bigr)/2h$, two losses each.

# %%
predict("08.evaluations")

# %% [markdown]
# Compare all entries in one number, the **relative error** $\lVert n-g\rVert / (\lVert n\rVert + \lVert g\rVert)$: a difference of 0.001 is much for a gradient of
# 0.01 and little for one of 1000. Below $10^{-7}$ in float64 the gradient is right; above $10^{-4}$ it is wrong (float32 alone makes about $10^{-3}$); between, look closer: a kink
# of ReLU within ±h, or a step that does not fit. (The step of lesson 05, $h = 10^{-5}$, will do. `dlcalc.gradient_check` takes
# $h = \varepsilon^{1/3} \max(1, |\theta_i|)$, divides by the step that rounding really left, and leaves out and counts the entries with a kink within ±h.)


# %% tags=["exercise"] dlcalc={"exercise": "08.gradient_check"}
def gradient_check(loss, params, grads):
    """‖n − g‖ / (‖n‖ + ‖g‖), one float over all entries of all arrays, n by central differences.

    loss(params) → float; params and grads are lists of arrays. Leave params as they were.
    """
    ### BEGIN SOLUTION
    h = 1e-5
    numeric = []
    for p in params:
        for index in np.ndindex(p.shape):
            kept = p[index]
            p[index] = kept + h
            above = loss(params)
            p[index] = kept - h
            numeric.append((above - loss(params)) / (2 * h))
            p[index] = kept
    n, g = np.array(numeric), np.concatenate([np.ravel(grad) for grad in grads])
    return float(np.linalg.norm(n - g) / (np.linalg.norm(n) + np.linalg.norm(g)))
    ### END SOLUTION


# %%
check("08.gradient_check", gradient_check)

# %% [markdown]
# ## Break it
#
# All eighteen slips at once, on the network that you choose. "Does not fit": NumPy refuses. "Wrong shape": it does not, but the gradient cannot be
# subtracted from its weights. "Wrong numbers" need a check like yours, and "hidden" slips are right by accident. Change `N`, `sizes` and
# `activation` until as many as possible are hidden. Can you hide more than ten?

# %%
N, sizes, activation = 7, (4, 3, 2), "sigmoid"
found = {}
for slip in SLIPS:
    verdict = examine(slip, examples=N, sizes=sizes, activation=activation).verdict
    found[verdict] = [*found.get(verdict, []), slip]
for verdict, slips in found.items():
    print(fill(f"{len(slips):2d} {verdict}: {', '.join(slips)}", width=80, subsequent_indent="   "))

# %% [markdown]
# ## In your own words
#
# Finish the sentence: *I trust a backward pass when … on a network that …, because …*
#
# ## Transfer

# %%
predict("08.transfer")

# %% [markdown]
# ## What comes next
#
# You have now derived a gradient by hand for one kind of network. The engine of lesson 09 does it for any program:
# [09 Automatic differentiation](09_automatic_differentiation.ipynb).
#
# **Sources.** Goodfellow, Bengio and Courville, *Deep Learning*, §6.5. Parr and Howard, arXiv 1802.01528. The CS231n course notes on
# gradient checks.
