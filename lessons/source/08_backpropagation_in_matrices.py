# %% [markdown]
# # 08 · Backpropagation in matrices
#
# **The question.** The three equations of lesson 07 fit into three lines of NumPy. How do you know that your three lines are the
# right ones?
#
# There are at least eighteen ways to get them wrong that learners really take. Some raise an error at once; most run, train,
# and give numbers that are a little off. Here you write the lines, and you build the check that catches all eighteen.
#
# *Time: about 40 minutes. You need: lessons 05 to 07.*

# %%
import numpy as np

from dlcalc.backward_slips import SLIPS, examine
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import shape_tiles
from dlcalc.widgets import explore

# %% [markdown]
# ## From units to matrices
#
# Stack all units of a layer, and all $N$ examples of a batch, one example per row. Each line of lesson 07 becomes a product:
#
# $$
# \begin{aligned}
# z_j = \textstyle\sum_i w_{j,i}\, v_i \quad\Rightarrow\quad \underbrace{Z^{(l)}}_{N\times n_l} &= \underbrace{V^{(l-1)}}_{N\times (n_{l-1}+1)}\; \underbrace{W^{(l)\top}}_{(n_{l-1}+1)\times n_l} && \text{the index } i \text{ is summed, so it meets in the middle} \\[6pt]
# \delta_j = \varphi'(z_j)\textstyle\sum_k w_{k,j}\,\delta_k \quad\Rightarrow\quad \underbrace{\Delta^{(l)}}_{N\times n_l} &= \bigl(\underbrace{\Delta^{(l+1)}}_{N\times n_{l+1}}\;\underbrace{\bar W^{(l+1)}}_{n_{l+1}\times n_l}\bigr)\odot \varphi'(Z^{(l)}) && \text{the index } k \text{ meets; } \bar W \text{ is } W \text{ without its bias column} \\[6pt]
# \frac{\partial\ell}{\partial w_{j,i}} = \delta_j v_i \quad\Rightarrow\quad \underbrace{\nabla_{W^{(l)}}}_{n_l\times(n_{l-1}+1)} &= \underbrace{\Delta^{(l)\top}}_{n_l\times N}\;\underbrace{V^{(l-1)}}_{N\times(n_{l-1}+1)} && \text{the examples meet: the product adds them up}
# \end{aligned}
# $$
#
# The factor of the mean enters **once**, in $\Delta^{(L)}$: for PyTorch's mean-squared error, $\Delta^{(L)} = 2(F - Y)/(N n_L)$. Every later line inherits it.

# %% [markdown]
# **The slide's layout.** The lecture writes $\partial\ell/\partial W^{(l)}$ as a product of Jacobians, $\frac{\partial\ell}{\partial f}\cdot\frac{\partial f}{\partial z^{(L-1)}}\cdots\frac{\partial z^{(l+1)}}{\partial z^{(l)}}\cdot\frac{\partial z^{(l)}}{\partial W^{(l)}}$
# for $l \le L-1$: rows of numbers, $1 \times n_l$. Its transpose is our $\nabla_{W^{(l)}}\ell = \delta^{(l)} v^{(l-1)\top}$, which has the shape of $W^{(l)}$.
# The key is what the products share: layer $l$ needs everything that layer $l+1$ needs, and one factor more.

# %%
# NBVAL_CHECK_OUTPUT
for L in (2, 5, 50):
    print(
        f"L = {L:2d}: {L * (L - 1) // 2:4d} vector-Jacobian products from scratch, {L - 1:2d} with each error signal reused"
    )

# %%
shapes = predict("08.square")
shapes

# %% [markdown]
# **Your task.** Go through the slips in the menu. How many are caught by the shapes of a 4-3-2 network with N = 7? Then make N and all
# widths 3, and watch the count; then N = 1.

# %%
explore(
    shape_tiles, slip=["none", *SLIPS], examples=(1, 8), inputs=(1, 6), hidden=(1, 6), outputs=(1, 6),
    labels={"examples": "N"}, locked_by=shapes,
)  # fmt: skip

# %% [markdown]
# *Notice.* The shapes catch few slips, and square sizes or a single example hide most of the rest. So test on a network whose
# sizes all differ, with more than one example, and compare numbers, not shapes.

# %% [markdown]
# ## Write it
#
# **One layer back, linear part.** In: $\Delta^{(l)}$, the $V^{(l-1)}$ and $W^{(l)}$ of the forward pass. Out: what goes on to
# $v^{(l-1)}$ (without the bias node), and the gradient.


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
# **All layers.** `cache[0]` is the pair (X, [X 1]); after it come the pairs (Z, V) of lesson 01, so `cache[l]` belongs to layer $l$. φ is
# the sigmoid, and the loss is the mean of (f − y)² over all N·n_L entries. `y` has the shape of f, (N, n_L).


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
# ## The check that needs no reference
#
# Central differences measure every entry of the gradient: $n_i = \bigl(\ell(\theta + h e_i) - \ell(\theta - h e_i)\bigr)/2h$, two losses each.

# %%
evaluations = predict("08.evaluations")
evaluations

# %% [markdown]
# Compare all entries in one number, the **relative error** $\lVert n-g\rVert / (\lVert n\rVert + \lVert g\rVert)$. Below $10^{-7}$ in float64 the gradient is
# right; above $10^{-4}$ it is wrong; between, look closer: a kink of ReLU within ±h, or float32, or a step that does not fit.


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
# All eighteen slips at once, on the network that you choose. Where the shapes do not fit, NumPy refuses or the result has a wrong shape;
# "wrong numbers" need a check like yours; "hidden" ones are right by accident. Change N, the sizes and φ until as many as possible are
# hidden. Which slips hide behind ReLU?

# %%
N, sizes, activation = 7, (4, 3, 2), "sigmoid"
found = {}
for slip in SLIPS:
    verdict = examine(slip, examples=N, sizes=sizes, activation=activation).verdict
    found[verdict] = [*found.get(verdict, []), slip]
for verdict, slips in found.items():
    print(f"{len(slips):2d} {verdict}: {', '.join(slips)}")

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
