# %% [markdown]
# # 03 · The smallest network
#
# **The question.** One input, two weights, one activation: how does the output answer to a small turn of each weight?
#
# In lesson 02 nothing stood between a weight and the output, so its slope could be read off. Here one bend stands in between,
# and you compute your first gradient through a hidden unit. Everything later is this, with more units.
#
# *Time: about 35 minutes. You need: lessons 01 and 02, the chain rule for functions of one variable.*

# %%
import numpy as np

from dlcalc.activations import sigmoid
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import smallest_network
from dlcalc.finite_differences import derivative
from dlcalc.widgets import flipbook

# %% [markdown]
# ## The network
#
# $$f(x; w, w') = w\,\varphi(w' x) \qquad\text{without biases, all of it plain numbers.}$$
#
# Three gears, one after another: $x \to z = w'x \to v = \varphi(z) \to f = wv$. The prime on $w'$ marks the weight of the
# first layer; it is no derivative. The prime on $\varphi'$ is one. $\varphi$ is the sigmoid of lesson 01, an S between 0 and 1,
# nearly flat where $z$ is far from 0.
#
# ## Predict first
#
# Which weight can still change the output when $z$ lies far out on the S?

# %%
saturated = predict("03.saturated")
saturated

# %% [markdown]
# ## The derivatives, gear by gear
#
# Think of real gears. If the second wheel turns 3 times as fast as the first, and the third 2 times as fast as the second, then
# the third turns $2 \cdot 3 = 6$ times as fast as the first. That is the chain rule: **rates along a chain are multiplied.** Each
# gear has a **local derivative**, its rate, which needs nothing but the gear's own numbers. All shapes here are those of a number.
#
# $$
# \begin{aligned}
# \frac{\partial z}{\partial w'} &= x, \qquad \frac{\partial z}{\partial x} = w' && z = w'x \text{: hold one factor, turn the other} \\[4pt]
# \frac{\partial v}{\partial z} &= \varphi'(z) && \text{the slope of } \varphi \text{ at } z \text{, not at } x \\[4pt]
# \frac{\partial f}{\partial v} &= w, \qquad \frac{\partial f}{\partial w} = v && f = wv \text{: the same}
# \end{aligned}
# $$
#
# The chain rule multiplies them along the way from the variable to $f$:
#
# $$
# \begin{aligned}
# \frac{\partial f}{\partial w} &= v && w \text{ enters in the last gear: one factor} \\[4pt]
# \frac{\partial f}{\partial w'} &= \frac{\partial f}{\partial v}\,\frac{\partial v}{\partial z}\,\frac{\partial z}{\partial w'} = w\,\varphi'(z)\,x && w' \text{ enters in the first gear: three factors} \\[4pt]
# \frac{\partial f}{\partial x} &= \frac{\partial f}{\partial v}\,\frac{\partial v}{\partial z}\,\frac{\partial z}{\partial x} = w\,\varphi'(z)\,w' && \text{the same way, but } x \text{ moves in the first gear}
# \end{aligned}
# $$
#
# $\varphi(w'x)$ is $\varphi$ **of** $w'x$, not $\varphi$ times $w'x$: there is no product rule in it.

# %% [markdown]
# ## Look
#
# The small numbers under the values show a nudge of w′ travelling through; at the right stands what comes out, and what the
# derivative predicts. **Your task.** (1) Set w′ to 2, which takes z = w′x beyond 5. Which of the two purple bars dies, ∂f/∂w′ or
# ∂f/∂w, and which one lives? (2) Move x until z is below −5. Does it still live? (3) Set $x = 1$ and make the nudge small: when
# does the prediction fit?

# %%
flipbook(
    smallest_network, x=(-4, 4, 0.1), w=(-2, 2, 0.5), w_prime=(-3, 3, 0.5), nudge=(-1, 1, 0.1),
    nudged={"w′": "w_prime", "w": "w", "x": "x"}, activation=["sigmoid", "tanh", "relu"],
    labels={"w_prime": "w′"}, locked_by=saturated,
)  # fmt: skip

# %% [markdown]
# *Notice.* (1) Where φ is nearly flat, it is called **saturated**: φ′(z) is nearly 0, and takes the whole product ∂f/∂w′ down with
# it, however large the other factors are. ∂f/∂w = v does not go through φ, so it stays. (2) **Said more exactly than usual:** it
# stays near 1 on the right. Below −5 it dies as well, for a reason of its own: there v itself is nearly 0. (3) The smaller the
# nudge, the better the prediction: a derivative is a promise about small nudges only.

# %% [markdown]
# ## Write it
#
# You need φ = sigmoid, $\varphi(z) = 1/(1+e^{-z})$, and its slope $\varphi'(z) = (1 - v)\,v$ with $v = \varphi(z)$; lesson 04 derives it.
# In an exercise you use NumPy (`np`) and what you wrote yourself; `dlcalc` is not at hand where a class is graded.


# %% tags=["exercise"] dlcalc={"exercise": "03.f"}
def f(w, wp, x):
    """f = w·φ(w′·x) with φ = sigmoid, wp for w′. Floats in, a float out."""
    ### BEGIN SOLUTION
    v = 1 / (1 + np.exp(-wp * x))
    return w * v
    ### END SOLUTION


# %%
check("03.f", f)


# %% tags=["exercise"] dlcalc={"exercise": "03.partials"}
def partials(w, wp, x):
    """(∂f/∂w, ∂f/∂w′, ∂f/∂x), three floats in this order."""
    ### BEGIN SOLUTION
    v = 1 / (1 + np.exp(-wp * x))
    slope = (1 - v) * v
    return v, w * slope * x, w * slope * wp
    ### END SOLUTION


# %%
check("03.partials", partials)

# %% [markdown]
# ## The loss joins in
#
# With the label $y$ and $\ell = (f - y)^2$ there is one more gear at the end. Going back from it, write $\delta$ for what arrives at
# $f$, and $\delta'$ for what arrives at $z$ (again the prime marks the first layer). They are called **error signals**.
#
# $$
# \begin{aligned}
# \delta = \frac{\partial \ell}{\partial f} &= 2(f - y) && (u^2)' = 2u \text{, with } u = f - y \\[4pt]
# \frac{\partial \ell}{\partial w} &= \frac{\partial \ell}{\partial f}\,\frac{\partial f}{\partial w} = \delta\, v && \text{error signal} \times \text{value before } w \\[4pt]
# \delta' = \frac{\partial \ell}{\partial z} &= \frac{\partial \ell}{\partial f}\,\frac{\partial f}{\partial v}\,\frac{\partial v}{\partial z} = \varphi'(z)\, w\, \delta && \text{back through } w \text{, then through } \varphi \\[4pt]
# \frac{\partial \ell}{\partial w'} &= \frac{\partial \ell}{\partial z}\,\frac{\partial z}{\partial w'} = \delta'\, x && \text{error signal} \times \text{value before } w'
# \end{aligned}
# $$
#
# Both weights follow one rule: **the gradient of a weight is the error signal behind it times the value before it**. And
# $\delta$, once computed, serves both. That is backpropagation, whole; the rest of the course makes it wider and deeper.
#
# Work this out with a calculator for $w = 2$, $w' = 0.5$, $x = 3$, $y = 1$, then compare. (You need $\varphi(1.5) \approx 0.8176$ and
# the slope $\varphi'(z) = (1-v)\,v$.) Before you look: $f$ is too large, so which sign must both gradients have?

# %%
# NBVAL_CHECK_OUTPUT
w, wp, x, y = 2.0, 0.5, 3.0, 1.0
z = wp * x
v, slope = sigmoid.value_and_derivative(z)
f_value = w * v
delta = 2 * (f_value - y)
delta_prime = slope * w * delta
print(f"z = {z}   v = {v:.10f}   f = {f_value:.10f}   loss = {(f_value - y) ** 2:.10f}")
print(f"delta  = {delta:.10f}   dloss/dw  = {delta * v:.10f}")
print(f"delta' = {delta_prime:.10f}   dloss/dw' = {delta_prime * x:.10f}")

# %% [markdown]
# Both are positive: a larger $w$ or $w'$ would push $f$ still higher, so descent turns both down. One step of lesson 02 with
# $\eta = 0.1$ halves the loss:

# %%
# NBVAL_CHECK_OUTPUT
w_next, wp_next = w - 0.1 * delta * v, wp - 0.1 * delta_prime * x
print(f"w = {w_next:.4f}   w' = {wp_next:.4f}   loss = {(w_next * sigmoid(wp_next * x) - y) ** 2:.4f}")

# %% [markdown]
# **Write it**, for any numbers.


# %% tags=["exercise"] dlcalc={"exercise": "03.loss_grads"}
def loss_grads(w, wp, x, y):
    """(∂ℓ/∂w, ∂ℓ/∂w′) of ℓ = (f − y)², two floats, with f as above."""
    ### BEGIN SOLUTION
    v = 1 / (1 + np.exp(-wp * x))
    delta = 2 * (w * v - y)
    delta_prime = (1 - v) * v * w * delta
    return delta * v, delta_prime * x
    ### END SOLUTION


# %%
check("03.loss_grads", loss_grads)

# %% [markdown]
# ## Break it
#
# A slip that is easy to make in training code: change $w$ first, and compute $\partial\ell/\partial w'$ afterwards, with the new $w$.
# Set `bug` to `True` and compare the gradient with the measured one. Then make `rate` ten times smaller, and again: what does
# the error do, and why is this slip so hard to notice in training?

# %%
bug, rate = False, 0.1
used_w = w - rate * delta * v if bug else w
late = slope * used_w * delta * x
measured = derivative(lambda w_prime: (w * sigmoid(w_prime * x) - y) ** 2, wp)
print(f"dloss/dw' = {late:.6f}   measured {measured:.6f}   error {late - measured:+.1e}")

# %% [markdown]
# <details><summary>What you should have seen</summary>
#
# The error is $-0.059$ at `rate = 0.1` and falls tenfold with each smaller rate: it is $-\varphi'(z)\,\delta^2\, v\, x$ times the rate.
# With a small rate training still works, only a little worse, so nothing looks broken. A gradient belongs to **one** set of
# weights: compute all of it first, then move all of them.
#
# </details>
#
# ## In your own words
#
# Finish the sentence in a new cell or on paper: *To get the gradient of a weight I multiply …, and I need φ′ only for weights that …*
#
# ## Transfer

# %%
predict("03.relu")

# %% [markdown]
# ## What comes next
#
# The factor $\varphi'(z)$ decides how much comes back. Lesson 04 looks at it for the activations in use:
# [04 Activations and their derivatives](04_activations_and_their_derivatives.ipynb).
#
# **Sources.** Rumelhart, Hinton and Williams, *Learning representations by back-propagating errors*, Nature 323 (1986),
# 533-536. Nielsen, *Neural Networks and Deep Learning*, chapter 2 (his output layer has an activation, ours is linear).
