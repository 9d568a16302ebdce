# %% [markdown]
# # 06 · The chain rule: products and paths
#
# **The question.** A network is many maps, one after another, and every unit feeds many others. How do all their derivatives combine into
# one, and how does that take few multiplications?
#
# Lesson 05 gave you the Jacobian of one layer. Here you multiply many of them, see the same product as a sum over paths in
# a graph, and find out why the end at which you begin decides the cost.
#
# *Time: about 45 minutes. You need: lesson 05, the matrix product.*

# %%
import numpy as np

from dlcalc import jacobians
from dlcalc.accumulation import fewest_multiplications, multiplications
from dlcalc.activations import tanh
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import accumulation_cost, paths_and_sums
from dlcalc.finite_differences import jacobian
from dlcalc.widgets import flipbook

# %% [markdown]
# ## Products: one map after another
#
# First $f$ takes $n$ numbers to $m$, then $g$ takes these $m$ to $p$. Near $x_0$ each of the two is nearly linear (lesson 05). Put one linear map
# into the other, with $d = x - x_0$:
#
# $$
# \begin{aligned}
# \underbrace{f(x)}_{(m)} &\approx f(x_0) + \underbrace{J_f(x_0)}_{m\times n}\, \underbrace{d}_{(n)} && \text{Taylor for } f \text{ at } x_0 \\[2pt]
# \underbrace{g(f(x))}_{(p)} &\approx g(f(x_0)) + \underbrace{J_g(f(x_0))}_{p\times m}\,\underbrace{\bigl(f(x) - f(x_0)\bigr)}_{(m)} && \text{for } g \text{, where } f \text{ arrives} \\[2pt]
# &\approx g(f(x_0)) + J_g(f(x_0))\, J_f(x_0)\, d && \text{the first line put in} \\[6pt]
# \underbrace{J_{g\circ f}(x_0)}_{p\times n} &= \underbrace{J_g(f(x_0))}_{p\times m}\;\underbrace{J_f(x_0)}_{m\times n} && \text{what multiplies } d
# \end{aligned}
# $$
#
# What is neglected falls faster than $d$, so what multiplies $d$ is the Jacobian of the whole.
#
# Two things go wrong again and again. The **order**: the map that acts first stands on the right. The **point**: $J_g$ is taken at $f(x_0)$, not at
# $x_0$.
#
# By hand, at $x_0 = (2, -1)$: $f(x) = (x_1 x_2,\; x_1 + x_2,\; x_2^2)$ arrives at $(-2, 1, 1)$, and $g(u) = (u_1 + u_3,\; u_2 u_3)$ goes on from there.
#
# $$
# J_f = \begin{pmatrix} x_2 & x_1 \\ 1 & 1 \\ 0 & 2x_2 \end{pmatrix} = \begin{pmatrix} -1 & 2 \\ 1 & 1 \\ 0 & -2 \end{pmatrix}, \qquad
# J_g = \begin{pmatrix} 1 & 0 & 1 \\ 0 & u_3 & u_2 \end{pmatrix} = \begin{pmatrix} 1 & 0 & 1 \\ 0 & 1 & 1 \end{pmatrix}
# $$
#
# Multiply them on paper before you run the cell. It also measures the whole, without any product.

# %%
# NBVAL_CHECK_OUTPUT
f = lambda x: np.array([x[0] * x[1], x[0] + x[1], x[1] ** 2])
g = lambda u: np.array([u[0] + u[2], u[1] * u[2]])
x0 = np.array([2.0, -1.0])
product = jacobians.compose(jacobian(g, f(x0)), jacobian(f, x0))
print("as a product  ", (product.round(6) + 0.0).tolist())
print("measured whole", (jacobian(lambda x: g(f(x)), x0).round(6) + 0.0).tolist())


# %% tags=["exercise"] dlcalc={"exercise": "06.compose_jacobian"}
def compose_jacobian(J_outer, J_inner):
    """The Jacobian (p, n) of g∘f.

    J_outer (p, m) is taken at f(x); J_inner is (m, n).
    """
    ### BEGIN SOLUTION
    return J_outer @ J_inner
    ### END SOLUTION


# %%
check("06.compose_jacobian", compose_jacobian)

# %% [markdown]
# ## Paths: the same product, drawn
#
# A derivative is a rate of exchange. If one unit of $x$ buys 2 of $a$, and one of $a$ buys 5 of $f$, then by way of $a$ one unit of $x$ buys
# $2 \cdot 5 = 10$ of $f$. If $x$ goes into $b$ as well, you get what comes by way of $b$ on top of it.

# %%
two_paths = predict("06.paths")
two_paths

# %% [markdown]
# In any graph of computations: **multiply the local derivatives along a path, add over the paths.**
#
# That is the matrix product, entry by entry. In $J_g J_f$ each term is one way from $x_j$ through one of the nodes $f_k$ to $g_i$:
#
# $$
# \frac{\partial (g\circ f)_i}{\partial x_j} = \sum_{k=1}^{m} \frac{\partial g_i}{\partial f_k}\,\frac{\partial f_k}{\partial x_j} \qquad \text{row } i \text{ of } J_g \text{ times column } j \text{ of } J_f
# $$
#
# **Your task.** Step through the paths. Then choose forward, and then reverse: each of the seven edges is passed once. Look at the number that
# each node holds at the end. Which mode has given you the derivative of y by *every* node?

# %%
flipbook(
    paths_and_sums, step=(0, 10), mode=["paths", "forward", "reverse"],
    xa=(-3, 3, 0.5), xb=(-3, 3, 0.5), bd=(-3, 3, 0.5), locked_by=two_paths,
    labels={"xa": "∂a/∂x", "xb": "∂b/∂x", "bd": "∂d/∂b"},
)  # fmt: skip

# %% [markdown]
# *Notice.* Where a node feeds two others (**fan-out**), contributions are added. Walking the paths one by one repeats work; **accumulation**
# adds up at each node first and passes every edge once. **Forward mode** leaves ∂node/∂x at each node, **reverse mode** leaves ∂y/∂node: one way
# back, and you know what y owes to every node. (Seven edges take five multiplications: the first two meet only the 1 at which the way begins.)
#
# A number on an arrow is a *local* derivative: the node's other operands stand still. The sum over the paths is the *total* one: everything that
# depends on x moves along. Who writes ∂y/∂x should know which of the two is meant.

# %% [markdown]
# **Write it.** A graph comes as a list of edges, triples (start, end, local derivative); that of your prediction is
# `[("x", "a", 2.0), ("x", "b", 3.0), ("a", "f", 5.0), ("b", "f", 7.0)]`. Whoever leaves `source` first passes one edge, and then has the rest of
# the way to go.


# %% tags=["exercise"] dlcalc={"exercise": "06.total_derivative"}
def total_derivative(edges, source, target):
    """Sum over the paths from source to target of the products along them.

    A float: 1.0 if source is target, 0.0 without a path.
    edges: triples (start, end, derivative) in any order.
    """
    ### BEGIN SOLUTION
    if source == target:
        return 1.0
    return float(sum(d * total_derivative(edges, end, target) for start, end, d in edges if start == source))
    ### END SOLUTION


# %%
check("06.total_derivative", total_derivative)

# %% [markdown]
# The shortest solution calls itself once for every path. For ten nodes that is fine. In a network each unit feeds all units of the next
# layer:

# %%
# NBVAL_CHECK_OUTPUT
widths = [784, 256, 128, 10]
paths = np.prod(widths, dtype=object)
edges = sum(a * b for a, b in zip(widths, widths[1:]))
print(f"784-256-128-10: {paths:,} paths from an input to an output, {edges:,} edges")

# %% [markdown]
# A thousand times more paths than edges, and each further layer multiplies the paths again, while it only adds edges. So when you hear that
# differentiating by hand is slow, it is **naive expansion over paths** that is slow. Hand-written backpropagation passes each
# edge once, as accumulation does; it is tedious and easy to get wrong, but not slow.

# %% [markdown]
# ## From which end?
#
# A product of matrices may be bracketed as one likes, $A(BC) = (AB)C$, and the result is the same. The cost is not: $(p\times m)(m\times n)$ takes
# $p\,m\,n$ multiplications, $m$ for each of its $p\,n$ entries.

# %%
cheaper = predict("06.order")
cheaper

# %% [markdown]
# By hand, a network with widths 4-3-2-1, both ways:
#
# $$
# \begin{aligned}
# \bigl(\underbrace{J^{(3)}}_{1\times 2}\, \underbrace{J^{(2)}}_{2\times 3}\bigr)\, \underbrace{J^{(1)}}_{3\times 4}:\quad & 1\cdot 2\cdot 3 + 1\cdot 3\cdot 4 = 18 && \text{from the output: one row} \\[4pt]
# J^{(3)}\, \bigl(J^{(2)}\, J^{(1)}\bigr):\quad & 2\cdot 3\cdot 4 + 1\cdot 2\cdot 4 = 32 && \text{from the input: four columns}
# \end{aligned}
# $$
#
# For any widths $n_0, \dots, n_L$ the Jacobian of layer $l$ is $n_l \times n_{l-1}$. The matrix with which you begin costs nothing; each of the others costs
# its number of entries, times the rows or columns that you carry.
#
# $$
# \begin{aligned}
# \text{reverse:}\quad & n_L \sum_{l=1}^{L-1} n_l\, n_{l-1} && \text{begin with } J^{(L)} \text{: its } n_L \text{ rows meet } J^{(L-1)}, \dots, J^{(1)} \\[4pt]
# \text{forward:}\quad & n_0 \sum_{l=2}^{L} n_l\, n_{l-1} && \text{begin with } J^{(1)} \text{: its } n_0 \text{ columns meet } J^{(2)}, \dots, J^{(L)}
# \end{aligned}
# $$
#
# **Your task.** Move the taper from few inputs and many outputs to many inputs and one output. Where do the two orders change places?

# %%
flipbook(accumulation_cost, taper=(-1, 1, 0.1), depth=(2, 5), locked_by=cheaper)

# %% [markdown]
# *Notice.* At taper 0, where all widths are alike, the two change places. Reverse carries one row per output, forward one column per input. A loss is **one** output, and its inputs are all
# the weights: that is why training goes in reverse.

# %%
# NBVAL_CHECK_OUTPUT
for sizes in ([1000, 1000, 1000, 1], [1, 1000, 2, 1]):
    reverse, forward = multiplications(sizes, "reverse"), multiplications(sizes, "forward")
    print(f"{sizes} reverse {reverse:,}, forward {forward:,}, best {fewest_multiplications(sizes):,}")

# %% [markdown]
# **Said more exactly than usual.** Reverse is not always the cheapest order, not even for one output: in the second line the lone input makes
# forward cheaper. Reverse still wins in training, because it hands out what you need on the way. After each factor it holds
# $\partial\ell/\partial z^{(l)}$, the error signal of that layer, and every layer's weights need theirs. Forward would have to start anew for every weight.


# %% tags=["exercise"] dlcalc={"exercise": "06.cost"}
def cost(sizes, mode):
    """Multiplications, an int; the first factor is free.

    reverse: n_L Σ_{l=1}^{L−1} n_l n_{l−1}
    forward: n_0 Σ_{l=2}^{L} n_l n_{l−1}
    sizes: the widths n_0..n_L; mode: "forward" or "reverse".
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
# Reverse mode carries a row, so of $J$ it needs only what a row makes of it: the **vector-Jacobian product** (VJP) $v^\top J$, shape $(m)$ in, $(n)$ out. (This
# $v$ is any list of $m$ numbers.) Forward mode needs the **Jacobian-vector product** (JVP) $J t$, $(n)$ in, $(m)$ out. A VJP can be far cheaper
# than $J$. For the two maps of a layer:
#
# $$
# \begin{aligned}
# \underbrace{v^\top}_{1\times m}\,\underbrace{\bar W}_{m\times n} &= \text{row times matrix, } 1\times n && z = \bar W a + b \text{ has } J = \bar W \\[2pt]
# \underbrace{v^\top}_{1\times n}\,\underbrace{\operatorname{diag}(\varphi'(z))}_{n \times n} &= \underbrace{(v \odot \varphi'(z))^\top}_{1\times n} && \text{each entry by its own slope}
# \end{aligned}
# $$
#
# So φ costs $n$ products and no matrix; $\odot$ multiplies entry by entry.

# %%
rng = np.random.default_rng(0)
z, v = rng.normal(size=1000), rng.normal(size=1000)
J = jacobians.elementwise(tanh, z)
print(f"{J.size:,} entries of J against {v.size:,} products")
print(f"largest difference: {np.abs(v @ J - v * tanh.derivative(z)).max():.1e}")


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
# JVP and VJP check each other. Weigh the outputs with any $u$, nudge the inputs along any $t$:
#
# $$\langle \underbrace{u}_{(m)},\, \underbrace{J t}_{(m)}\rangle = u^\top J t = (J^\top u)^\top t = \langle \underbrace{J^\top u}_{(n)},\, \underbrace{t}_{(n)}\rangle .$$
#
# This law finds a wrong reverse rule without knowing the right one. Switch the bug on: the shapes still fit, the two numbers do not. Then take the
# comment sign away as well: with this kind of $J$ even the law sees nothing. Which kind is it?

# %%
bug = False
J, u, t = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3)
# J = J + J.T
backward = J @ u if bug else J.T @ u
print(f"<u, Jt> = {u @ (J @ t):+.6f}   <backward(u), t> = {backward @ t:+.6f}")

# %% [markdown]
# <details><summary>What you should have seen</summary>
#
# A symmetric one: $J^\top u = Ju$, so forgetting the transpose changes nothing. The law sees a slip only where $J$ and $J^\top$ differ.
#
# </details>
#
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
