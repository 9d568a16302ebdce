# %% [markdown]
# # 01 · Forward propagation
#
# **The question.** What does a network compute on the way from its inputs to its output, and what is the bias for?
#
# A network multiplies, adds and bends, layer after layer. In this lesson you follow one example through by hand, see what
# a unit does to the plane of its inputs, and write the forward pass that backpropagation will later run back through.
#
# *Time: about 45 minutes. You need: lesson 00, the product of two matrices, NumPy arrays.*

# %%
import numpy as np

from dlcalc.activations import sigmoid, softmax
from dlcalc.backpropagation import MLP
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import forward_propagation
from dlcalc.widgets import explore

# %% [markdown]
# ## Predict first
#
# A **unit** is a small judge. It weighs each input: a large **weight** says "this matters", a negative one "this speaks against
# it". It adds everything up, and its **bias** $b$ on top: how much it was in favour before it saw any input. With two inputs,
# the sum is positive on one side of a line in the plane ("yes") and negative on the other ("no").

# %%
shift = predict("01.bias")
shift

# %% [markdown]
# ## One unit, line by line
#
# Unit $j$ of the first layer has one weight for each of the $n_0$ inputs, and a bias. $w_{j,i}$ leads **to** unit $j$ **from**
# node $i$: read the indices from right to left. A raised $(l)$ is the number of a layer, never a power; the inputs are layer 0.
# Whatever has the index of a unit or a node is a number; $x$ without one is the list of all $n_0$ inputs.
#
# $$
# \begin{aligned}
# z^{(1)}_j &= \sum_{i=1}^{n_0} w_{j,i}\,x_i + b_j && \text{a weighted sum of the inputs, plus the bias} \\[4pt]
# &= \sum_{i=1}^{n_0} w_{j,i}\,x_i + w_{j,\,n_0+1}\cdot 1 && \text{the bias: a weight from a node that is always } 1 \\[4pt]
# &= \sum_{i=1}^{n_0+1} w_{j,i}\,v^{(0)}_i && \text{one sum, over } v^{(0)} = [x;\, 1] \text{: } x \text{ with a } 1 \text{ below} \\[4pt]
# v^{(1)}_j &= \varphi(z^{(1)}_j) && \text{bend it with } \varphi
# \end{aligned}
# $$
#
# $z_j$ is called the **pre-activation**, and $v_j$ the unit's **value**. The node that is always 1 is the **bias node**,
# and $\varphi$ the **activation**. Take the sigmoid here, $\varphi(z) = 1/(1+e^{-z})$, which bends all numbers into the range from 0 to 1.

# %% [markdown]
# ## All units of the layer
#
# The sum in the third line is row $j$ of a matrix times a vector. The shapes stand under the symbols:
#
# $$
# \begin{aligned}
# \underset{(n_1)}{z^{(1)}} &= \underset{n_1 \times (n_0+1)}{W^{(1)}}\;\underset{(n_0+1)}{v^{(0)}} && \text{one row for each unit} \\[4pt]
# &= \bigl[\,\underset{n_1 \times n_0}{\bar W^{(1)}} \mid \underset{n_1 \times 1}{b^{(1)}}\,\bigr]\begin{bmatrix} x \\ 1 \end{bmatrix} && \text{the bias is the last column; } \bar W^{(1)} \text{ is the rest} \\[4pt]
# &= \underset{n_1 \times n_0}{\bar W^{(1)}}\;\underset{(n_0)}{x} + \underset{(n_1)}{b^{(1)}} && \text{multiply block by block}
# \end{aligned}
# $$
#
# By hand: two inputs, three units. Work out the three numbers on paper, then run the cell.
#
# $$
# \begin{bmatrix} 1 & 1 & -0.5 \\ -1 & 1.5 & 0.5 \\ 0.5 & -1 & 1 \end{bmatrix}
# \begin{bmatrix} 1 \\ 0.5 \\ 1 \end{bmatrix} = \;?
# $$

# %%
# NBVAL_CHECK_OUTPUT
W1 = np.array([[1.0, 1.0, -0.5], [-1.0, 1.5, 0.5], [0.5, -1.0, 1.0]])
x = np.array([1.0, 0.5])
print("W [x; 1] =", W1 @ np.append(x, 1.0))
print("W̄x + b   =", W1[:, :2] @ x + W1[:, 2])

# %% [markdown]
# ## Look
#
# The same network, with one output behind its three units. The figure opens once you have committed your prediction.
# **Your task.** (1) Move the bias from −2 to 2 and watch the black line. (2) Put the bias on 0 and change the weight: through
# which point does every such line pass? (3) Put the blue dot on the line with x₁ and x₂: what is z there? (4) Switch the
# bias node off: which numbers change?

# %%
explore(
    forward_propagation,
    x1=(-3, 3, 0.1), x2=(-3, 3, 0.1), weight=(-2, 2, 0.1), bias=(-2, 2, 0.1), unit=[1, 2, 3], bias_nodes=True,
    labels={"x1": "x₁", "x2": "x₂", "weight": "weight from x₁", "bias_nodes": "bias as a node: [W̄ | b]"},
    locked_by=shift,
)  # fmt: skip

# %% [markdown]
# *Notice.* (1) The bias moves the line and leaves its direction alone. (2) Without a bias every line passes through 0, since
# $x = 0$ gives $z = 0$. (3) On the line $z = 0$: that is what the line is. (4) No number changes: $[\bar W \mid b]$ and a
# separate $b$ are two ways to write one sum.
#
# Why the direction stays: let $p$ and $q$ be two points on the line of a unit with weights $\bar w$, all of shape $(n_0)$. From the
# third line on $p$ is the point nearest to 0. The way there meets the line at a right angle, as $\bar w$ does: it is a multiple of $\bar w$.
#
# $$
# \begin{aligned}
# \bar w \cdot p + b = 0, \qquad \bar w \cdot q + b &= 0 && \text{both lie on the line } z = 0 \\[4pt]
# \bar w \cdot (p - q) &= 0 && \text{subtract: } \bar w \text{ stands at } 90° \text{ to the line} \\[4pt]
# p = t\,\bar w: \quad t\,\lVert \bar w \rVert^2 + b &= 0 && \text{the nearest point, on the line} \\[4pt]
# \lVert p \rVert = \lvert t \rvert\,\lVert \bar w \rVert &= \lvert b \rvert / \lVert \bar w \rVert && \text{solve for the number } t
# \end{aligned}
# $$
#
# So the line is perpendicular to $\bar w$, whatever $b$ is, and only its distance from 0 depends on $b$. The cell finds the nearest
# point of each of the three lines. Which one is farthest from 0 in the figure?

# %%
# NBVAL_CHECK_OUTPUT
for j, (w1, w2, b) in enumerate(W1, start=1):
    nearest = -b / (w1**2 + w2**2) * np.array([w1, w2])  # t times the weights
    formula = abs(b) / np.hypot(w1, w2)
    print(f"unit {j}: nearest point {nearest.round(3)}, distance {np.hypot(*nearest):.4f} = {formula:.4f}")

# %% [markdown]
# ## Write it: the bias node
#
# From now on $X$ holds $N$ examples, **one example per row**, as in a table. In an exercise you use NumPy (`np`) and what you
# wrote in earlier exercises of this lesson. `hint("01.augment")` helps if you are stuck.


# %% tags=["exercise"] dlcalc={"exercise": "01.augment"}
def augment(X):
    """[X 1]: X of shape (N, d) with a last column of 1.0.

    The result has shape (N, d+1).
    """
    ### BEGIN SOLUTION
    ones = np.ones((X.shape[0], 1))
    return np.hstack([X, ones])
    ### END SOLUTION


# %%
check("01.augment", augment)

# %% [markdown]
# ## A batch of examples
#
# A **batch** of examples goes through in one product. Write $v_r$ and $z_r$ for example $r$. In $V$ and $Z$ they are rows, so
# transpose the equation of one example:
#
# $$
# \begin{aligned}
# \underset{(n_1)}{z_r} &= \underset{n_1 \times (n_0+1)}{W}\;\underset{(n_0+1)}{v_r} && \text{one example, as columns} \\[4pt]
# \underset{1 \times n_1}{z_r^{\mathsf T}} &= \underset{1 \times (n_0+1)}{v_r^{\mathsf T}}\;\underset{(n_0+1) \times n_1}{W^{\mathsf T}} && (AB)^{\mathsf T} = B^{\mathsf T} A^{\mathsf T} \text{: this is row } r \text{ of } Z \\[4pt]
# \underset{N \times n_1}{Z^{(1)}} &= \underset{N \times (n_0+1)}{V^{(0)}}\;\underset{(n_0+1) \times n_1}{W^{(1)\mathsf T}} && \text{all rows at once, } V^{(0)} = [X\; 1]
# \end{aligned}
# $$
#
# Check the inner sizes: they are equal, $n_0 + 1$. With $W$ in place of $W^{\mathsf T}$ they are not, unless $W$ is square: then
# NumPy multiplies without a word, and the numbers are wrong.


# %% tags=["exercise"] dlcalc={"exercise": "01.affine"}
def affine(X, W):
    """[X 1] Wᵀ, of shape (N, n).

    X (N, d) without ones, W (n, d+1) with the bias in the last column.
    """
    ### BEGIN SOLUTION
    return augment(X) @ W.T
    ### END SOLUTION


# %%
check("01.affine", affine)

# %% [markdown]
# ## All layers
#
# A network has $L$ weight layers and the **widths** $n_0, \dots, n_L$, counted without bias nodes. The layers between input and
# output are called **hidden**. For $l = 1, \dots, L$:
#
# $$
# \begin{aligned}
# \underset{(n_0+1)}{v^{(0)}} &= [x;\, 1] && \text{the input with its bias node} \\[4pt]
# \underset{(n_l)}{z^{(l)}} &= \underset{n_l \times (n_{l-1}+1)}{W^{(l)}}\;\underset{(n_{l-1}+1)}{v^{(l-1)}} && \text{every layer takes its weighted sums} \\[4pt]
# \underset{(n_l+1)}{v^{(l)}} &= [\varphi(z^{(l)});\, 1] && l \le L-1 \text{: bend each entry, append } 1 \\[4pt]
# \underset{(n_L)}{f} &= z^{(L)} && \text{the output is linear: no } \varphi \text{, no } 1
# \end{aligned}
# $$
#
# With $W^{(l)} = [\bar W^{(l)} \mid b^{(l)}]$ the second line is again $z^{(l)} = \bar W^{(l)} \varphi(z^{(l-1)}) + b^{(l)}$, exactly, for $l \ge 2$.
#
# By hand: the figure's second layer is $W^{(2)} = [1,\ -1.5,\ 0.5 \mid 0.25]$. You have $z^{(1)}$; with $\varphi(1) \approx 0.7311$ and
# $\varphi(0.25) \approx 0.5622$, how large is $f$? The library's `MLP` keeps all that it computes in lists, which begin at 0:
# `run.z[0]` is $z^{(1)}$ and `run.v[1]` is $v^{(1)}$, with one row for each example.

# %%
# NBVAL_CHECK_OUTPUT
W2 = np.array([[1.0, -1.5, 0.5, 0.25]])
net = MLP(weights=[W1, W2], activation="sigmoid")
run = net.forward([[1.0, 0.5]])
print("z1 =", run.z[0], "  v1 =", run.v[1].round(4))
print("f  =", run.f.round(4), "  and with separate biases:", (sigmoid(run.z[0]) @ W2[:, :3].T + W2[:, 3]).round(4))

# %% [markdown]
# **Now the whole pass.** Keep every $Z$ and every $V$: going backward, lesson 07 needs them all. `phi` works on arrays. To check
# your shapes: four examples in a network with the widths 2, 3, 1 give $Z$ and $V$ of shapes (4, 3), (4, 4), then (4, 1), (4, 1).


# %% tags=["exercise"] dlcalc={"exercise": "01.forward"}
def forward(X, weights, phi):
    """A list of L pairs (Z, V), any L ≥ 1.

    X (N, d) without ones, weights a list of matrices (n_l, n_{l-1}+1).
    A hidden layer has V = [φ(Z) 1].
    The last pair is (Z, Z), without φ and without ones.
    """
    ### BEGIN SOLUTION
    V = np.hstack([X, np.ones((len(X), 1))])
    pairs = []
    for W in weights[:-1]:
        Z = V @ W.T
        V = np.hstack([phi(Z), np.ones((len(Z), 1))])
        pairs.append((Z, V))
    Z = V @ weights[-1].T
    return [*pairs, (Z, Z)]
    ### END SOLUTION


# %%
check("01.forward", forward)

# %% [markdown]
# ## How many weights?
#
# $W^{(l)}$ has $n_l$ rows and $n_{l-1}+1$ columns. The lecture's network has the widths 5, 3, 1. Count its weights on paper, the
# biases included, before you write the function.


# %% tags=["exercise"] dlcalc={"exercise": "01.count_parameters"}
def count_parameters(sizes):
    """The int Σ n_l (n_{l-1} + 1) over l = 1..L; sizes is [n_0, ..., n_L]."""
    ### BEGIN SOLUTION
    total = 0
    for n_in, n_out in zip(sizes, sizes[1:]):
        total += n_out * (n_in + 1)
    return total
    ### END SOLUTION


# %%
check("01.count_parameters", count_parameters)

# %% [markdown]
# The library counts as well. (ReLU is another activation; lesson 04 is about it.)

# %%
# NBVAL_CHECK_OUTPUT
MLP([5, 3, 1], activation="relu", rng=0)

# %% [markdown]
# ## From the output to an answer
#
# In **regression**, where a number is asked, the prediction is the output itself, $\hat y = f$. In **classification**, where one
# of several answers is asked, it is the place of the largest output, $\hat y = \operatorname{argmax}_j f_j$, the lowest index on
# ties; with a single output it is $1$ if $f > 0$ and else $0$.
#
# To read outputs as probabilities, one takes $\mathrm{softmax}(f)_j = e^{f_j} / \sum_k e^{f_k}$: positive numbers with the sum 1.

# %%
predict("01.argmax")

# %% [markdown]
# For two outputs $f_j$ and $f_k$ and the sum $S = \sum_i e^{f_i}$, all of them numbers:
#
# $$
# \begin{aligned}
# f_j > f_k \;&\Leftrightarrow\; f_j + c > f_k + c && \text{the same } c \text{ on both sides} \\[4pt]
# f_j > f_k \;&\Leftrightarrow\; e^{f_j} > e^{f_k} && e^t \text{ grows with } t \\[4pt]
# &\Leftrightarrow\; e^{f_j}/S > e^{f_k}/S && S > 0 \text{ is the same for both}
# \end{aligned}
# $$
#
# So neither a shift nor softmax changes the answer. The cell tries it on two examples; NumPy counts places from 0, and the second example has a tie.

# %%
# NBVAL_CHECK_OUTPUT
f = np.array([[-2.0, -0.5, -1.0], [3.0, 3.0, 1.0]])
for name, g in {"f": f, "f + 100": f + 100, "softmax(f)": softmax(f), "relu(f)": np.maximum(f, 0)}.items():
    print(f"{name:10s} answers {np.argmax(g, axis=1)}   {g.round(3).tolist()}")

# %% [markdown]
# ## Break it
#
# Three slips, on the network of the figure. Set `bug` to each name in turn. Does NumPy complain? Now make the network
# `MLP([2, 4, 1], activation="sigmoid", rng=0)` and try again. Which slip is caught now, and why only that one? Which one is
# hidden, because the biases of a new network start at 0?

# %%
bug = "none"  # "no transpose", "ones first", "phi on the ones"
net = MLP(weights=[W1, W2], activation="sigmoid")
X, one, (A, B) = np.array([[1.0, 0.5]]), np.ones((1, 1)), net.weights
V = np.hstack([one, X] if bug == "ones first" else [X, one])
Z = V @ (A if bug == "no transpose" else A.T)
V = sigmoid(np.hstack([Z, one])) if bug == "phi on the ones" else np.hstack([sigmoid(Z), one])
print(f"f = {(V @ B.T).item():.4f}   the right one is {net.forward(X).f.item():.4f}")

# %% [markdown]
# <details><summary>What you should have seen</summary>
#
# On the network of the figure all three run and give a wrong $f$: its first matrix is $3 \times 3$, and square shapes forgive
# everything. With four hidden units the matrix is $4 \times 3$ and only the missing transpose is caught, since the other two slips
# change numbers and no shape. "phi on the ones" makes the bias node $\varphi(1)$ in place of 1, which is multiplied by a bias of 0.
# So test with shapes that all differ, and with biases that are not 0.
#
# </details>
#
# ## In your own words
#
# Finish the sentence in a new cell or on paper: *The bias lets a unit …, and it is written as a weight because …*
#
# ## Transfer

# %%
predict("01.two-linear-layers")

# %% [markdown]
# Why, in a line: $\bar W^{(2)}\bigl(W^{(1)} v^{(0)}\bigr) + b^{(2)} = \bigl(\bar W^{(2)} W^{(1)}\bigr)\, v^{(0)} + b^{(2)}$, and the matrix in
# brackets has the shape $n_2 \times (n_0+1)$ of a single layer. See it in numbers: which matrix and which bias does the cell put
# in place of two layers? Then change the activation from "identity" to "sigmoid": what happens, and what is $\varphi$ good for?

# %%
two = MLP(weights=[W1, W2], activation="identity")
merged = W2[:, :3] @ W1 + [[0, 0, W2[0, 3]]]
X = np.array([[1.0, 0.5], [-2.0, 1.0], [0.0, 3.0]])
print("two layers:", two.forward(X).f.ravel().round(4))
print("one layer: ", MLP(weights=[merged]).forward(X).f.ravel().round(4), "with", merged.round(4))

# %% [markdown]
# ## What comes next
#
# The weights of this lesson came from nowhere. Lesson 02 finds better ones, step by step:
# [02 The gradient and stochastic gradient descent](02_the_gradient_and_stochastic_gradient_descent.ipynb).
#
# **Sources.** Goodfellow, Bengio and Courville, *Deep Learning*, §6.1 (a small network computes XOR, which no single line
# can). Nielsen, *Neural Networks and Deep Learning*, chapter 2, uses the same index order, to $j$ from $i$ (his output layer has
# an activation, ours is linear).
