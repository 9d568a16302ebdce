# %% [markdown]
# # 07 · Backpropagation, unit by unit
#
# **The question.** In a network with hidden units, how much is each single weight to blame for the loss?
#
# For the outputs a label says what they should be. Nobody says what a hidden unit should be: it is to blame only for what it did to others.
# Lesson 03 followed the blame along one line of units, lesson 06 along paths that split and meet. Put together they give
# backpropagation: three equations, which you carry out by hand and then write as a program.
#
# *Time: about 40 minutes. You need: lessons 01, 03 and 06.*

# %%
import numpy as np

from dlcalc.activations import sigmoid
from dlcalc.backpropagation import MLP
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import backpropagation_by_unit
from dlcalc.gradient_check import gradient_check
from dlcalc.widgets import flipbook

# %% [markdown]
# ## What is given, what is asked
#
# One example $x$, which is $v^{(0)}$ without its bias node, its label $y$, a loss $\ell$ of the output $f = z^{(L)}$, the only layer without φ. The forward pass of lesson 01 has left you, for every unit $j$ of every layer $l$,
#
# $$
# z^{(l)}_j = \sum_{i=1}^{n_{l-1}+1} w^{(l)}_{j,i}\, v^{(l-1)}_i, \qquad v^{(l)}_j = \varphi\bigl(z^{(l)}_j\bigr), \qquad v^{(l)}_{n_l+1} = 1 \;\text{ (the bias node).}
# $$
#
# The weight $w^{(l)}_{j,i}$ leads **to** unit $j$ of layer $l$, **from** node $i$ of layer $l-1$; $i = n_{l-1}+1$ is the bias node. Asked is
# $\partial\ell/\partial w^{(l)}_{j,i}$ for every weight there is. In this lesson each symbol with its indices is one number.

# %% [markdown]
# ## Three equations
#
# Give the blame of a unit a name, the **error signal**: $\delta^{(l)}_j = \partial\ell/\partial z^{(l)}_j$. If $z^{(l)}_j$ grows by a little, $\ell$ grows by $\delta^{(l)}_j$ times as much. At the
# output you can read it off the loss. A hidden unit reaches the loss only through the units that it feeds; so let the index $k$ run over these, the units of
# layer $l+1$, and use lesson 06: multiply along each path, add over the paths.
#
# $$
# \begin{aligned}
# \text{output:}\quad \delta^{(L)}_j &= \frac{\partial \ell}{\partial f_j} && \text{since } f = z^{(L)} \\[8pt]
# \text{hidden:}\quad \delta^{(l)}_j &= \sum_{k=1}^{n_{l+1}} \underbrace{\frac{\partial \ell}{\partial z^{(l+1)}_k}}_{\delta^{(l+1)}_k}\;\underbrace{\frac{\partial z^{(l+1)}_k}{\partial v^{(l)}_j}}_{w^{(l+1)}_{k,j}}\;\underbrace{\frac{\partial v^{(l)}_j}{\partial z^{(l)}_j}}_{\varphi'(z^{(l)}_j)} && \text{a path for each unit } k \\[4pt]
# &= \varphi'\bigl(z^{(l)}_j\bigr) \sum_{k=1}^{n_{l+1}} w^{(l+1)}_{k,j}\, \delta^{(l+1)}_k && \varphi' \text{ is on every path} \\[8pt]
# \text{weight:}\quad \frac{\partial \ell}{\partial w^{(l)}_{j,i}} &= \underbrace{\frac{\partial \ell}{\partial z^{(l)}_j}}_{\delta^{(l)}_j}\;\underbrace{\frac{\partial z^{(l)}_j}{\partial w^{(l)}_{j,i}}}_{v^{(l-1)}_i} && w^{(l)}_{j,i} \text{ is in } z^{(l)}_j \text{ alone}
# \end{aligned}
# $$
#
# For $\ell = \sum_j (f_j - y_j)^2$ the first is $2(f_j - y_j)$. Read the middle one twice: signals go **back along the weights that led forward**, from all units $k$ that $j$ feeds, and through
# $\varphi'$ at $j$ itself. Compare the indices with the forward pass: there $w_{j,i}$ is summed over the second index, here $w_{k,j}$ over the first.

# %%
bias_node = predict("07.bias-node")
bias_node

# %% [markdown]
# **Your task.** Step through one example: four steps forward, four back. Stop at step 6 and compute the next error signal yourself
# before you go on. Then choose a weight and move it: how well does the finite difference agree? Last, let φ be ReLU and find an x₁ for
# which a hidden unit gets no signal.

# %%
flipbook(
    backpropagation_by_unit, step=(0, 8), y=(-2, 2, 0.5), x1=(-2, 2, 0.5), activation=["sigmoid", "tanh", "relu"],
    unit=["follow", "hidden 1", "hidden 2", "hidden 3", "output"],
    weight={"w⁽¹⁾₂,₁": (1, 2, 1), "w⁽¹⁾₃,₂": (1, 3, 2), "bias of unit 1": (1, 1, 3), "w⁽²⁾₁,₁": (2, 1, 1)},
    shift=(-1.5, 1.5, 0.5), labels={"shift": "added to this weight"}, locked_by=bias_node,
)  # fmt: skip

# %% [markdown]
# *Notice.* Each gradient is one product of two numbers that stand next to each other in the network: the signal behind the weight
# and the value before it. The bias node is where the way back ends: no weight leads into it, so it has no $z$ and no $\delta$. Its
# weight gets $\delta_j \cdot 1$. (Do the two slopes differ? Then a ReLU unit stands at $z = 0$ exactly: backpropagation takes $\varphi'(0) = 0$ from lesson 04,
# the finite difference the mean of both sides.)

# %% [markdown]
# ## A network to compute by hand
#
# Two inputs, two hidden units, one output; ReLU, so that the slopes are 0 or 1. With $x = (2, 1)$ and $y = 0$:
#
# $$
# W^{(1)} = \begin{pmatrix} 1 & -1 & 0 \\ 2 & 1 & -1 \end{pmatrix}, \qquad W^{(2)} = \begin{pmatrix} 3 & -2 & \tfrac12 \end{pmatrix} \qquad \text{(last column: the bias)}
# $$
#
# $$
# \begin{aligned}
# z^{(1)}_1 &= 1\cdot 2 - 1\cdot 1 + 0\cdot 1 = 1 && v^{(1)}_1 = 1 \\
# z^{(1)}_2 &= 2\cdot 2 + 1\cdot 1 - 1\cdot 1 = 4 && v^{(1)}_2 = 4 \\
# f &= 3\cdot 1 - 2\cdot 4 + \tfrac12\cdot 1 = -4.5 && \text{too low: the label is } 0 \\
# \delta^{(2)} &= 2\,(-4.5 - 0) = -9 && \text{a larger } f \text{ makes the loss smaller} \\
# \delta^{(1)}_1 &= 1\cdot 3\cdot(-9) = -27 && \text{slope, weight that led forward, signal}
# \end{aligned}
# $$
#
# Go on yourself: $\delta^{(1)}_2$, then the nine gradients, each a product of a signal and a value. Only then run the cell, in which the library carries
# out the same loops.

# %%
# NBVAL_CHECK_OUTPUT
W1, W2 = np.array([[1.0, -1.0, 0.0], [2.0, 1.0, -1.0]]), np.array([[3.0, -2.0, 0.5]])
net = MLP(weights=[W1, W2], activation="relu", loss="mse")
run = net.forward_by_unit([2.0, 1.0])
back = net.backward_by_unit(run, [0.0])
print("z1", run.z[0], "  f", run.f)
print("delta1", back.delta[0], "  delta2", back.delta[1])
print("gradient of W1", back.gradients[0].tolist())
print("gradient of W2", back.gradients[1].tolist())

# %% [markdown]
# ## Write it, piece by piece
#
# In Python the units count from 0, and `W_next[k, j]` is the weight to unit `k` from unit `j`.


# %% tags=["exercise"] dlcalc={"exercise": "07.output_delta"}
def output_delta(f, y):
    """δ⁽ᴸ⁾, shape (n_L,), for ℓ = Σ(f − y)²; f and y (n_L,)."""
    ### BEGIN SOLUTION
    return 2 * (f - y)
    ### END SOLUTION


# %%
check("07.output_delta", output_delta)


# %% tags=["exercise"] dlcalc={"exercise": "07.hidden_delta"}
def hidden_delta(j, W_next, delta_next, z, dphi):
    """δ_j = φ′(z_j) Σ_k w_kj δ_k, a float; j counts from 0.

    W_next (n_{l+1}, n_l + 1), bias last; delta_next (n_{l+1},);
    z (n_l,), this layer's pre-activations; dphi is φ′.
    """
    ### BEGIN SOLUTION
    return dphi(z[j]) * sum(W_next[k, j] * delta_next[k] for k in range(len(delta_next)))
    ### END SOLUTION


# %%
check("07.hidden_delta", hidden_delta)


# %% tags=["exercise"] dlcalc={"exercise": "07.weight_grad"}
def weight_grad(delta_j, v_i):
    """∂ℓ/∂w_ji, a float.

    delta_j: unit j's error signal; v_i: the value of node i
    (1.0 for the bias node).
    """
    ### BEGIN SOLUTION
    return delta_j * v_i
    ### END SOLUTION


# %%
check("07.weight_grad", weight_grad)

# %% [markdown]
# **Now all of it.** First forward through the layers, keeping every $z$ and every $v$ with its 1 at the end. Then the output's signals, and
# layer by layer back: the gradient of a layer from its signals, then the signals of the layer before. You may call your three functions. Two
# traps: the $W$ and the $z$ of a hidden signal come from neighbouring layers, $W^{(l+1)}$ and $z^{(l)}$; and no weight changes before all gradients
# are known.


# %% tags=["exercise"] dlcalc={"exercise": "07.backprop_units"}
def backprop_units(weights, x, y, phi, dphi):
    """The list of L gradients of ℓ = Σ(f − y)², for any L.

    Each is shaped like its weights. weights: list of (n_l, n_{l−1} + 1),
    bias last; x (n_0,), y (n_L,); phi and dphi work on numbers and arrays.
    """
    ### BEGIN SOLUTION
    z, v = [], [np.append(x, 1.0)]
    for W in weights:
        z.append(W @ v[-1])
        v.append(np.append(phi(z[-1]), 1.0))
    delta = output_delta(z[-1], y)
    gradients = [np.outer(delta, v[-2])]
    for layer in reversed(range(len(weights) - 1)):
        delta = np.array([hidden_delta(j, weights[layer + 1], delta, z[layer], dphi) for j in range(len(z[layer]))])
        gradients.insert(0, np.outer(delta, v[layer]))
    return gradients
    ### END SOLUTION


# %%
check("07.backprop_units", backprop_units)

# %% [markdown]
# ## What it costs
#
# Count multiplications. Forward, each of the $P$ weights takes part in one. Backward, each gradient is one, each weight that leaves a hidden unit takes
# part in one more for a signal, and each hidden unit multiplies by its φ′. Central differences (lesson 02) need $2P$ forward passes:

# %%
# NBVAL_CHECK_OUTPUT
for sizes in ([5, 3, 1], [784, 256, 128, 10]):
    P = sum(n * (m + 1) for m, n in zip(sizes, sizes[1:]))
    backward = P + sum(n * m for m, n in zip(sizes[1:], sizes[2:])) + sum(sizes[1:-1])
    print(f"{P:,} weights: forward {P:,}, backward {backward:,}, differences {2 * P * P:,}")

# %% [markdown]
# However many weights there are, all their gradients together cost less than two more forward passes, here little more than one. The reason is **reuse**: layer $l$ takes
# the values of the forward pass and the finished signals of layer $l+1$, and computes nothing of either anew.

# %% [markdown]
# ## Break it
#
# Plant a slip in the hidden error signal and let finite differences judge: the last cell prints the **relative error** of all entries together, nearly 0
# for a right gradient (more in lesson 08). Set `bug` to each name. Then take the comment sign away and run the three cells again: which
# of the slips now passes, and why?

# %%
rng = np.random.default_rng(1)
weights, x, y = [rng.normal(size=(2, 4)), rng.normal(size=(2, 3))], rng.normal(size=3), rng.normal(size=2)
# weights[1][0, 1] = weights[1][1, 0]
run = MLP(weights=weights, activation="sigmoid").forward_by_unit(x)
W, delta_next = weights[1], 2 * (run.f - y)

# %%
bug = "none"  # "incoming weights", "no slope", "bias column in the sum"
sums = {
    "incoming weights": W[:, :-1] @ delta_next,
    "bias column in the sum": (W.T @ delta_next)[:-1] + W[:, -1] @ delta_next,
}
slope = 1.0 if bug == "no slope" else sigmoid.derivative(run.z[0])
delta = slope * sums.get(bug, W[:, :-1].T @ delta_next)

# %%
loss = lambda W1: float(np.sum((MLP(weights=[W1, weights[1]], activation="sigmoid").forward_by_unit(x).f - y) ** 2))
print(gradient_check(loss, weights[0], np.outer(delta, run.v[0])))

# %% [markdown]
# <details><summary>What you should have seen</summary>
#
# All three fail. With $w_{1,2} = w_{2,1}$ the weights behind the hidden units are symmetric, rows and columns are the same, and "incoming
# weights" passes: a check sees only the network that you give it.
#
# </details>
#
# ## In your own words
#
# Finish the sentence: *The error signal of a hidden unit is …; the gradient of a weight is …; and nothing is computed twice
# because …*
#
# ## Transfer

# %%
predict("07.transfer")

# %% [markdown]
# ## What comes next
#
# Loops over units are for understanding. A machine wants matrices, and matrices hide mistakes of their own:
# [08 Backpropagation in matrices](08_backpropagation_in_matrices.ipynb).
#
# **Sources.** Rumelhart, Hinton and Williams, Nature 323 (1986), 533-536. Nielsen, *Neural Networks and Deep Learning*, chapter 2 (his
# output layer has an activation, ours is linear). Goodfellow, Bengio and Courville, *Deep Learning*, §6.5.
