# %% [markdown]
# # 04 · Activations and their derivatives
#
# **The question.** Why does a deep stack of sigmoids hardly learn in its first layers, and why does a stack of ReLUs learn?
#
# In lesson 03 every gradient that went back through a unit was multiplied by φ′(z), so this slope decides how much of an error
# signal is left. You work out three slopes by hand, see what ten of them make of a signal, and write the functions that later
# lessons stand on.
#
# *Time: about 45 minutes. You need: lesson 03, the quotient rule.*

# %%
import numpy as np

from dlcalc import activations
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import activation_and_slope, product_of_slopes
from dlcalc.finite_differences import derivative
from dlcalc.gradient_check import gradient_check
from dlcalc.initializers import INITIALIZERS
from dlcalc.widgets import explore, flipbook

# %% [markdown]
# ## Predict first
#
# Answer before you read on.

# %%
steepest = predict("04.steepest")
steepest

# %% [markdown]
# ## The slope of the sigmoid, line by line
#
# The sigmoid is applied to each entry of $z$ on its own, so $z$, $v = \varphi(z)$ and $\varphi'(z)$ have one shape, $(n)$.
#
# $$
# \begin{aligned}
# v = \varphi(z) &= \frac{1}{1+e^{-z}} && \text{the definition} \\[4pt]
# \varphi'(z) &= -\frac{\left(1+e^{-z}\right)'}{\left(1+e^{-z}\right)^2} && \text{quotient rule: } (1/u)' = -u'/u^2 \\[4pt]
# &= \frac{e^{-z}}{\left(1+e^{-z}\right)^2} && (e^{-z})' = -e^{-z} \text{: the two signs cancel} \\[4pt]
# &= \frac{e^{-z}}{1+e^{-z}} \cdot \frac{1}{1+e^{-z}} && \text{split the square: one factor each} \\[4pt]
# &= (1-v)\, v && \text{since } 1 - v = \frac{1+e^{-z}-1}{1+e^{-z}}
# \end{aligned}
# $$
#
# The last line is why the sigmoid was popular: the forward pass has already computed $v$, so the slope costs one
# subtraction and one multiplication.

# %% [markdown]
# ## By hand, then by machine
#
# At $z = 0$: $e^0 = 1$, so $v = \tfrac12$ and $\varphi'(0) = \tfrac12 \cdot \tfrac12 = \tfrac14$. Since $(1-v)\,v = \tfrac14 - (v-\tfrac12)^2$,
# no slope of the sigmoid is ever above a quarter. Work out $\varphi'(2)$ on paper ($e^{-2} \approx 0.1353$), then run the cell.

# %%
# NBVAL_CHECK_OUTPUT
for z in (0.0, 2.0, 5.0, 10.0):
    v, slope = activations.sigmoid.value_and_derivative(z)
    print(f"z = {z:4.1f}   v = {v:.6f}   slope = {slope:.12f}   (1 - v) v = {(1 - v) * v:.12f}")

# %% [markdown]
# **The shape of the slope** is a hill around 0, and the hill has a slope of its own:
#
# $$
# \begin{aligned}
# 1 - \varphi(z) &= \frac{e^{-z}}{1+e^{-z}} = \frac{1}{e^{z}+1} = \varphi(-z) && \text{expand by } e^{z} \\[4pt]
# \varphi'(z) &= \varphi(z)\,\varphi(-z) = \varphi'(-z) && \text{so } \varphi' \text{ is even}
# \end{aligned}
# $$
#
# The chain rule on $v - v^2$ gives $\varphi''(z) = (1-2v)\,v' = (1-2v)(1-v)\,v$. Its size is largest where $v - 3v^2 + 2v^3$ has the
# slope $1 - 6v + 6v^2 = 0$: at $v = \tfrac12 \pm \tfrac{\sqrt3}{6}$. As $e^z = v/(1-v)$, that is
# $\lvert z \rvert = \ln(2+\sqrt3)$. There $\lvert\varphi''\rvert = \sqrt3/18$.

# %%
# NBVAL_CHECK_OUTPUT
z = np.log(2 + np.sqrt(3))
print(f"|z| = {z:.6f}   phi'' = {activations.sigmoid.second_derivative(z):.6f}   sqrt(3)/18 = {np.sqrt(3) / 18:.6f}")

# %% [markdown]
# **The other two.** tanh is a sigmoid, stretched and moved (divide by $e^z$ above and below):
#
# $$
# \begin{aligned}
# v = \tanh z &= \frac{e^{z}-e^{-z}}{e^{z}+e^{-z}} = \frac{2}{1+e^{-2z}} - 1 = 2\varphi(2z) - 1 && \varphi(2z) = \tfrac{1+v}{2} \\[4pt]
# \tanh' z &= 4\,\varphi'(2z) = 4 \cdot \frac{1-v}{2} \cdot \frac{1+v}{2} = 1 - v^2 && \text{chain rule, } 2 \cdot 2
# \end{aligned}
# $$
#
# ReLU is $\max(z, 0)$: slope 1 for $z > 0$, slope 0 for $z < 0$, and cheaper still than the sigmoid: one comparison, no
# exponential. At $z = 0$ it has a **kink**: the two sides disagree and no derivative exists. The convention of this course, and
# of PyTorch, is $\varphi'(0) := 0$.

# %% [markdown]
# ## Look
#
# **Your task.** (1) Move z with the slider or the arrow keys and find where the sigmoid's slope has fallen to a tenth of its
# peak. (2) Put z on 0 and step once to either side: what does ReLU's tangent do? (3) Look at the relatives in the menu: leaky
# ReLU has slope 0.01 on the left; GELU and SiLU round the corner off. Whose slope can be negative?

# %%
flipbook(
    activation_and_slope, z=(-6, 6, 0.1),
    activations={
        "sigmoid against ReLU": ("sigmoid", "relu"), "sigmoid against tanh": ("sigmoid", "tanh"),
        "ReLU against leaky ReLU": ("relu", "leaky_relu"), "GELU against SiLU": ("gelu", "silu"),
        "softplus against ELU": ("softplus", "elu"),
    },
    locked_by=steepest,
)  # fmt: skip

# %% [markdown]
# *Notice.* (1) The sigmoid's slope is a hill that is a quarter high at z = 0, has lost nine tenths of that at |z| ≈ 3.6, and is
# almost flat beyond |z| = 5: the unit is saturated. (2) ReLU's is a step, all or nothing; at z = 0 itself the tangent is flat, by
# convention. (3) GELU's and SiLU's: both dip below 0 on the left.

# %% [markdown]
# ## Write them
#
# Each function takes a number or an array of any shape and returns the same shape. NumPy needs no loop for that.
#
# **First the sigmoid.** `np.exp(1000)` overflows, so $1/(1+e^{-z})$ fails at $z = -1000$. For negative $z$, multiply
# numerator and denominator by $e^{z}$: $\varphi(z) = e^{z}/(1+e^{z})$. Both forms need the exponential of $-|z|$ alone, which
# cannot overflow. Beware: `np.where(z >= 0, a, b)` computes `a` **and** `b` for every entry, and then chooses.


# %% tags=["exercise"] dlcalc={"exercise": "04.sigmoid"}
def sigmoid(z):
    """φ(z) = 1/(1 + e^(-z)), in z's shape; at ±1000 no overflow and no nan."""
    ### BEGIN SOLUTION
    decay = np.exp(-np.abs(z))  # never above 1
    return np.where(np.asarray(z) >= 0, 1, decay) / (1 + decay)
    ### END SOLUTION


# %%
check("04.sigmoid", sigmoid)

# %% [markdown]
# **Now its slope**, at $z$ (not at $v$).


# %% tags=["exercise"] dlcalc={"exercise": "04.dsigmoid"}
def dsigmoid(z):
    """φ′(z) of the sigmoid, in z's shape; finite at ±1000."""
    ### BEGIN SOLUTION
    decay = np.exp(-np.abs(z))  # φ′ is even, so |z| will do
    return decay / (1 + decay) ** 2
    ### END SOLUTION


# %%
check("04.dsigmoid", dsigmoid)

# %% [markdown]
# **The slopes of tanh and ReLU.** `np.tanh` is there already.


# %% tags=["exercise"] dlcalc={"exercise": "04.dtanh"}
def dtanh(z):
    """tanh′(z), in z's shape; finite at ±1000."""
    ### BEGIN SOLUTION
    return 1 - np.tanh(z) ** 2
    ### END SOLUTION


# %%
check("04.dtanh", dtanh)


# %% tags=["exercise"] dlcalc={"exercise": "04.drelu"}
def drelu(z):
    """ReLU's slope: 1.0 where z > 0, else 0.0, in z's shape."""
    ### BEGIN SOLUTION
    return np.where(np.asarray(z) > 0, 1.0, 0.0)
    ### END SOLUTION


# %%
check("04.drelu", drelu)

# %% [markdown]
# **Last, the slope from the output alone.** A network that keeps only $v = \varphi(z)$ can still go backward: each of the
# three slopes can be written in $v$. You have derived two of them above.


# %% tags=["exercise"] dlcalc={"exercise": "04.derivative_from_output"}
def derivative_from_output(v, name):
    """φ′(z) in the shape of v = φ(z); name is "sigmoid", "tanh" or "relu"."""
    ### BEGIN SOLUTION
    v = np.asarray(v)
    if name == "sigmoid":
        return (1 - v) * v
    if name == "tanh":
        return 1 - v**2
    return np.where(v > 0, 1.0, 0.0)
    ### END SOLUTION


# %%
check("04.derivative_from_output", derivative_from_output)

# %% [markdown]
# ## Ten layers deep
#
# Put $L$ hidden units one after another, each the only one of its layer, without biases. Every symbol is a number.
#
# $$
# \begin{aligned}
# \frac{\partial f}{\partial z^{(1)}} &= \prod_{l=1}^{L} w_{l+1}\,\varphi'(z^{(l)}) && \text{chain rule; } z^{(l+1)} = w_{l+1}\,\varphi(z^{(l)}) \text{, last of all } f \\[4pt]
# \Bigl|\frac{\partial f}{\partial z^{(1)}}\Bigr| &\le \prod_{l=1}^{L} \frac{\lvert w_{l+1} \rvert}{4} && \text{for the sigmoid, since } \varphi' \le \tfrac14
# \end{aligned}
# $$

# %%
ten = predict("04.ten-layers")
ten

# %% [markdown]
# The figure multiplies the slopes of 48 chains with weights of 1 and random $z$. **Your task.** Set the depth to 10 and raise the
# scale of the $z$ from 0.1. Which of the two can lose the signal completely, and which one only fades it?

# %%
explore(
    product_of_slopes, depth=(1, 20), scale=(0.1, 6, 0.1),
    activations={"sigmoid against ReLU": ("sigmoid", "relu"), "sigmoid against tanh": ("sigmoid", "tanh")},
    locked_by=ten,
)  # fmt: skip

# %% [markdown]
# *Notice.* The sigmoid's products lie under the line $0.25^L$ whatever you do: they fade, layer by layer, and the gradient is said to
# **vanish**. ReLU's are exactly 1 or exactly 0: a path of active units passes everything, and one inactive unit on it passes
# nothing. A unit that is inactive for every example no longer learns; it is called **dead**.
#
# **Said more exactly than usual.** That sigmoids make gradients vanish is certain only while $|w| < 4$: the bound is a product
# of $|w|/4$. Do larger weights help? Here is a chain of ten, with a bias of $-w/2$ that keeps $z$ near 0 if anything can.

# %%
# NBVAL_CHECK_OUTPUT
for w in (1, 4, 8):
    z, product = 0.5, 1.0
    for _ in range(10):
        product *= w * activations.sigmoid.derivative(z)
        z = w * activations.sigmoid(z) - w / 2
    print(f"w = {w}: bound {(w / 4) ** 10:.3g}, what gets through {product:.1e}, last z = {z:.2f}")

# %% [markdown]
# With $w = 8$ the bound is large, and still little gets through: large weights drive $z$ into saturation.
#
# ## Where to start
#
# Before training, weights are drawn at random with mean 0, but how large? Write $\mathbb{E}[\cdot]$ for the mean over all draws and
# $s = \mathbb{E}[w^2]$, the **variance** of a weight. $v$ has $n_{\text{in}}$ entries; an error signal comes back from $n_{\text{out}}$
# units, each time through its weight, as $w\delta$ did in lesson 03. Let weights, $v$ and $\delta$ be independent: then a mixed term
# such as $w_{j1}w_{j2}v_1v_2$ has the mean 0, and only squares remain. From layer to layer the size is, forward and backward,
#
# $$
# \begin{aligned}
# \mathbb{E}\Bigl[\bigl(\textstyle\sum_i w_{ji} v_i\bigr)^2\Bigr] &= \textstyle\sum_i \mathbb{E}[w_{ji}^2]\,\mathbb{E}[v_i^2] = n_{\text{in}}\, s\, \mathbb{E}[v_i^2] && \text{kept if } s = 1/n_{\text{in}} \\[2pt]
# \mathbb{E}\Bigl[\bigl(\textstyle\sum_k w_{kj}\delta_k\bigr)^2\Bigr] &= n_{\text{out}}\, s\, \mathbb{E}[\delta_k^2] && \text{kept if } s = 1/n_{\text{out}}
# \end{aligned}
# $$
#
# **Xavier** takes $s = 2/(n_{\text{in}} + n_{\text{out}})$, between the two, for a $\varphi$ that is nearly $z$ around 0. **He** takes
# $s = 2/n_{\text{in}}$: ReLU keeps only half of $\mathbb{E}[z^2]$, so the weights make up for it.
# PyTorch's `nn.Linear` draws evenly from $-a$ to $a = 1/\sqrt{n_{\text{in}}}$, where $w^2$ has the mean $a^2/3$, so
# $s = 1/(3 n_{\text{in}})$: neither. By hand, for twenty ReLU layers of 100 units: each multiplies $\mathbb{E}[v^2]$ by
# $\tfrac12 \cdot 100\,s$, which is $1$ for He, $\tfrac12$ for Xavier, $\tfrac16$ for `nn.Linear`. What is left of the size of $v$,
# its root, after twenty?

# %%
# NBVAL_CHECK_OUTPUT
for name in ("he_normal", "xavier_normal", "torch_linear"):
    rng = np.random.default_rng(0)
    v = rng.standard_normal((256, 100))
    for _ in range(20):
        v = np.maximum(v @ INITIALIZERS[name](100, 100, rng)[:, :-1].T, 0)
    print(f"{name:14s} size of v after 20 layers: {np.sqrt((v**2).mean()):.1e}")

# %% [markdown]
# As on paper: $1$, $2^{-10} \approx 10^{-3}$ and $6^{-10} \approx 1.7 \cdot 10^{-8}$. Deep stacks of ReLU need He's weights.
#
# ## Where floating point and mathematics part
#
# The sigmoid's slope is positive for every real $z$. In floating point that depends on how you write it:

# %%
# NBVAL_CHECK_OUTPUT
for z in (36.0, 37.0, 40.0):
    v, mirrored = activations.sigmoid(z), activations.sigmoid(-z)
    print(f"z = {z:.0f}   (1 - v) v = {(1 - v) * v:.3g}   phi(z) phi(-z) = {v * mirrored:.3g}")

# %% [markdown]
# From z ≈ 36.7 on, $v$ rounds to 1 and $(1-v)v$ to exactly 0, and a little before only one digit of it is right. The product
# $\varphi(z)\,\varphi(-z)$ of above is the same slope without the subtraction, and keeps all digits. Likewise
# $\tanh' z = \operatorname{sech}^2 z = 1/\cosh^2 z$ is right where $1 - v^2$ has become 0, from $z \approx 19$ on. GELU is
# $\tfrac12 z\,(1 + \operatorname{erf}(z/\sqrt2))$, which is 0 below $z \approx -8.4$; its stable form is
# $\tfrac12 z \operatorname{erfc}(-z/\sqrt2)$, where $\operatorname{erfc} = 1 - \operatorname{erf}$.
#
# ReLU's kink "does not matter in practice"? Mostly true: an exact 0 is rare. But
# $\mathrm{relu}(x) - \mathrm{relu}(-x) = x$ has slope 1 everywhere, and the rules $\varphi'(0) := 0$ and $(\varphi(-x))' = -\varphi'(-x)$
# together give $\varphi'(x) + \varphi'(-x)$, which is $0 + 0$ at $x = 0$:

# %%
# NBVAL_CHECK_OUTPUT
for x in (-0.5, 0.0, 0.5):
    slope = activations.relu.derivative(x) + activations.relu.derivative(-x)
    print(f"x = {x:4.1f}   the rule says {slope:.0f}, the function's slope is 1")

# %% [markdown]
# ## Break it
#
# Plant a bug, and let the central differences of lesson 02 look for it. `gradient_check` gives the relative error: about 1e−10 is
# rounding, more than 1e−4 a bug. Set `bug` to each name in turn. One bug survives when every z is positive; which, and why? Change
# the range of `z` to find out.

# %%
bug = "none"  # "z instead of v", "slope at v", "mask v >= 0"
z = np.linspace(-2, 3, 7)
planted = {
    "none": activations.sigmoid.derivative(z),
    "z instead of v": z * (1 - z),
    "slope at v": activations.sigmoid.derivative(activations.sigmoid(z)),
    "mask v >= 0": (activations.relu(z) >= 0) * 1.0,
}
phi = activations.relu if bug == "mask v >= 0" else activations.sigmoid
print(gradient_check(lambda z: phi(z).sum(), z, planted[bug]))

# %% [markdown]
# <details><summary>What you should have seen</summary>
#
# The first two bugs are wrong nearly everywhere. The mask `v >= 0` is 1 at every z, because ReLU is never negative: wrong for z ≤ 0
# only. With `np.linspace(0.5, 3, 7)` it passes. A check sees only the points that you give it.
#
# </details>
#
# ## In your own words
#
# Finish the sentence: *A sigmoid layer passes on only a small part of an error signal, because …; ReLU passes on …, but …*
#
# ## Transfer
#
# $\varphi(z) = z / (1 + |z|)$, called softsign, also looks like an S. Answer first, then let finite differences measure three slopes.

# %%
predict("04.softsign")

# %%
softsign = lambda z: z / (1 + abs(z))
print([f"slope {derivative(softsign, z):.4f} at {z}" for z in (0.0, 1.0, 3.0)])

# %% [markdown]
# ## What comes next
#
# A layer has many inputs and many outputs, and its "slope" is a matrix: [05 Taylor and the Jacobian](05_taylor_and_the_jacobian.ipynb).
#
# **Sources.** Goodfellow, Bengio and Courville, *Deep Learning*, §6.3 (hidden units). Glorot and Bengio, *Understanding the
# difficulty of training deep feedforward neural networks*, AISTATS 2010 (Xavier). He et al., arXiv 1502.01852, §2.2.
