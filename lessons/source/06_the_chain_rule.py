# %% [markdown]
# # 06 · The chain rule: products and paths
#
# **The question.** A network is a chain of maps, and inside each layer everything touches everything. How do you get through that with
# few multiplications?
#
# Lesson 05 gave you the Jacobian of one layer. Here you multiply many of them, see the same product as a sum over paths in
# a graph, and find out why the direction in which you multiply decides the cost.
#
# *Time: about 40 minutes. You need: lesson 05, the matrix product.*

# %%
import numpy as np

from dlcalc import jacobians
from dlcalc.accumulation import fewest_multiplications, multiplications
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import accumulation_cost, paths_and_sums
from dlcalc.finite_differences import jacobian
from dlcalc.widgets import explore, flipbook

# %% [markdown]
# ## Products: one map after another
#
# First $f$ from $\mathbb{R}^n$ to $\mathbb{R}^m$, then $g$ from $\mathbb{R}^m$ to $\mathbb{R}^p$. Put one linear map into the other:
#
# $$
# \begin{aligned}
# f(x) &\approx f(x_0) + J_f(x_0)\, d && \text{lesson 05, with } d = x - x_0 \\[2pt]
# g(f(x)) &\approx g(f(x_0)) + J_g(f(x_0))\,\bigl(f(x) - f(x_0)\bigr) && \text{the same for } g \text{, at the point where } f \text{ arrives} \\[2pt]
# &\approx g(f(x_0)) + J_g(f(x_0))\, J_f(x_0)\, d && \text{first line into the second} \\[6pt]
# \underbrace{J_{g\circ f}(x_0)}_{p\times n} &= \underbrace{J_g(f(x_0))}_{p\times m}\;\underbrace{J_f(x_0)}_{m\times n} && \text{the map that acts first stands on the right}
# \end{aligned}
# $$
#
# Two things go wrong again and again: the order of the factors, and the point. $J_g$ is taken at $f(x_0)$, not at $x_0$.

# %%
f = lambda x: np.array([x[0] * x[1], x[0] + x[1], x[1] ** 2])
g = lambda u: np.array([u[0] + u[2], u[1] * u[2]])
x0 = np.array([2.0, -1.0])
product = jacobians.compose(jacobian(g, f(x0)), jacobian(f, x0))
print("as a product  ", np.round(product, 6).tolist())
print("measured whole", np.round(jacobian(lambda x: g(f(x)), x0), 6).tolist())


# %% tags=["exercise"] dlcalc={"exercise": "06.compose_jacobian"}
def compose_jacobian(J_outer, J_inner):
    """The Jacobian (p, n) of g∘f from J_outer (p, m), taken at f(x), and J_inner (m, n)."""
    ### BEGIN SOLUTION
    return J_outer @ J_inner
    ### END SOLUTION


# %%
check("06.compose_jacobian", compose_jacobian)

# %% [markdown]
# ## Paths: the same product, drawn
#
# Write out one entry of $J_g J_f$: $\sum_k \frac{\partial g_i}{\partial f_k}\frac{\partial f_k}{\partial x_j}$. Each term is one way from $x_j$
# to $g_i$ through one of the nodes $f_k$. In any graph of computations:
#
# **multiply the local derivatives along a path, add over the paths.**

# %%
two_paths = predict("06.paths")
two_paths

# %% [markdown]
# **Your task.** Step through the paths. Then choose forward, and reverse: each of the seven edges is passed once. Which mode gives you
# the derivatives of y by *every* node on the way?

# %%
flipbook(
    paths_and_sums, step=(0, 10), mode=["paths", "forward", "reverse"],
    xa=(-3, 3, 0.5), xb=(-3, 3, 0.5), bd=(-3, 3, 0.5), locked_by=two_paths,
    labels={"xa": "∂a/∂x", "xb": "∂b/∂x", "bd": "∂d/∂b"},
)  # fmt: skip

# %% [markdown]
# *Notice.* Where a node feeds two others, contributions are **added**: that is all that "fan-out" means for derivatives. Walking the
# paths one by one repeats work; accumulation adds up at each node first and passes every edge once.


# %% tags=["exercise"] dlcalc={"exercise": "06.total_derivative"}
def total_derivative(edges, source, target):
    """Sum over the paths from source to target of the products along them, a float.

    edges: triples (start, end, derivative) in any order. 1.0 if source is target, 0.0 without a path.
    """
    ### BEGIN SOLUTION
    if source == target:
        return 1.0
    return float(sum(d * total_derivative(edges, end, target) for start, end, d in edges if start == source))
    ### END SOLUTION


# %%
check("06.total_derivative", total_derivative)

# %% [markdown]
# The solution in the worked edition walks every path, and for ten nodes that is fine. For a network it is not:

# %%
# NBVAL_CHECK_OUTPUT
widths = [784, 256, 128, 10]
paths = np.prod(widths, dtype=object)
edges = sum(a * b for a, b in zip(widths, widths[1:]))
print(f"784-256-128-10: {paths:,} paths from an input to an output, {edges:,} edges")

# %% [markdown]
# A thousand times more paths than edges, and each further layer multiplies the paths again. So when you hear that
# differentiating by hand is slow: **naive expansion over paths** is slow. Hand-written backpropagation passes each
# edge once, as accumulation does; it is only tedious and easy to get wrong.
#
# ## From which end?
#
# A product of matrices may be bracketed as one likes, $A(BC) = (AB)C$, and the result is the same. The cost is not: $(p\times m)(m\times n)$ takes
# $p\,m\,n$ multiplications.

# %%
cheaper = predict("06.order")
cheaper

# %% [markdown]
# For a chain of widths $n_0, \dots, n_L$ the Jacobian of layer $l$ has the shape $n_l \times n_{l-1}$. The first factor is there for free.
#
# $$
# \begin{aligned}
# \text{reverse:}\quad & n_L \sum_{l=1}^{L-1} n_l\, n_{l-1} && \text{start with } J^{(L)} \text{, which has } n_L \text{ rows; they stay } n_L \text{ rows all the way} \\[4pt]
# \text{forward:}\quad & n_0 \sum_{l=2}^{L} n_l\, n_{l-1} && \text{start with } J^{(1)} \text{, which has } n_0 \text{ columns; they stay } n_0 \text{ columns}
# \end{aligned}
# $$
#
# **Your task.** Move the taper from few inputs and many outputs to many inputs and one output. Where do the two orders change places?

# %%
flipbook(accumulation_cost, taper=(-1, 1, 0.1), depth=(2, 5), locked_by=cheaper)

# %% [markdown]
# *Notice.* Reverse carries one row per output, forward one column per input. A loss is **one** output, and its inputs are all
# the weights: that is why training goes in reverse.

# %%
# NBVAL_CHECK_OUTPUT
for sizes in ([1000, 1000, 1000, 1], [1, 1000, 2, 1]):
    reverse, forward = multiplications(sizes, "reverse"), multiplications(sizes, "forward")
    print(f"{sizes}: reverse {reverse:,}   forward {forward:,}   best order {fewest_multiplications(sizes):,}")

# %% [markdown]
# **Said more exactly than usual.** Reverse is not always the cheapest order, as the second line shows. It still wins in training, because it
# hands out what you need on the way: after each factor it holds $\partial\ell/\partial z^{(l)}$, the error signal of that layer, and every
# layer's weights need theirs.


# %% tags=["exercise"] dlcalc={"exercise": "06.cost"}
def cost(sizes, mode):
    """Multiplications, an int: reverse n_L Σ_{l=1}^{L−1} n_l n_{l−1}, forward n_0 Σ_{l=2}^{L} n_l n_{l−1}.

    sizes: the widths n_0..n_L; mode: "forward" or "reverse". The first factor is free.
    """
    ### BEGIN SOLUTION
    entries = [a * b for a, b in zip(sizes, sizes[1:])]
    return sizes[-1] * sum(entries[:-1]) if mode == "reverse" else sizes[0] * sum(entries[1:])
    ### END SOLUTION


# %%
check("06.cost", cost)

# %% [markdown]
# ## Rows and columns without the matrix
#
# Reverse mode never needs $J$ itself, only what a row makes of it: the **vector-Jacobian product** $v^\top J$, shape $(m)$ in, $(n)$ out. Forward mode needs
# $J t$, the Jacobian-vector product, $(n)$ in, $(m)$ out. The two check each other, for any $u$ and $t$:
#
# $$\langle u,\, J t\rangle = u^\top J t = (J^\top u)^\top t = \langle J^\top u,\, t\rangle .$$


# %% tags=["exercise"] dlcalc={"exercise": "06.vjp"}
def vjp(v, J):
    """vᵀJ, shape (n,); v (m,), J (m, n)."""
    ### BEGIN SOLUTION
    return v @ J
    ### END SOLUTION


# %%
check("06.vjp", vjp)

# %% [markdown]
# ## Break it
#
# The law above finds a wrong reverse rule without knowing the right one. Switch the bug on: the shapes still fit. With which J would even the law
# see nothing?

# %%
bug = False
rng = np.random.default_rng(0)
J, u, t = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3)
backward = J @ u if bug else J.T @ u
print(f"<u, Jt> = {u @ (J @ t):+.6f}   <backward(u), t> = {backward @ t:+.6f}")

# %% [markdown]
# ## In your own words
#
# Finish the sentence: *Derivatives are multiplied along … and added where …; for one loss and many weights one multiplies from …,
# because …*
#
# ## Transfer

# %%
predict("06.transfer")

# %% [markdown]
# ## What comes next
#
# Now put the two halves together: a network, one loss, in reverse, and every number in sight:
# [07 Backpropagation, unit by unit](07_backpropagation_unit_by_unit.ipynb).
#
# **Sources.** Baydin, Pearlmutter, Radul and Siskind, *Automatic differentiation in machine learning: a survey*, JMLR 18(153), 2018. Griewank and
# Walther, *Evaluating Derivatives*, 2nd edition, 2008. Parr and Howard, arXiv 1802.01528, §4.5 (chain rules).
