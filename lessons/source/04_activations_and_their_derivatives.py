# %% [markdown]
# # 04 · Activations and their derivatives
#
# **The question.** Why does a deep stack of sigmoids hardly learn in its first layers, and why does ReLU?
#
# In lesson 03 every gradient that went back through a unit was multiplied by φ′(z). So the slope of the activation decides
# how much of an error signal is left. In this lesson you work out three slopes by hand, see what ten of them do when
# they are multiplied, and write the functions that later lessons stand on.
#
# *Time: about 45 minutes. You need: lesson 03, the quotient rule.*

# %%
import numpy as np

from dlcalc import activations
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import activation_and_slope, product_of_slopes
from dlcalc.gradient_check import gradient_check
from dlcalc.initializers import INITIALIZERS
from dlcalc.widgets import explore, flipbook

# %% [markdown]
# ## Predict first
#
# Answer before you read on. A prediction costs no points, and what surprises you stays with you.

# %%
predict("04.steepest")

# %%
predict("04.ten-layers")

# %% [markdown]
# ## The slope of the sigmoid, line by line
#
# The sigmoid is applied to each entry of $z$ on its own, so $z$, $v = \varphi(z)$ and $\varphi'(z)$ have one shape, $(n,)$.
#
# $$
# \begin{aligned}
# v = \varphi(z) &= \frac{1}{1+e^{-z}} && \text{the definition} \\[4pt]
# \varphi'(z) &= -\frac{\left(1+e^{-z}\right)'}{\left(1+e^{-z}\right)^2} && \text{quotient rule: } (1/g)' = -g'/g^2 \\[4pt]
# &= \frac{e^{-z}}{\left(1+e^{-z}\right)^2} && \text{chain rule: } (e^{-z})' = -e^{-z} \text{; the two signs cancel} \\[4pt]
# &= \frac{e^{-z}}{1+e^{-z}} \cdot \frac{1}{1+e^{-z}} && \text{one factor each} \\[4pt]
# &= (1-v)\, v && \text{since } 1 - v = \frac{1+e^{-z}-1}{1+e^{-z}}
# \end{aligned}
# $$
#
# The last line is why the sigmoid was popular: the forward pass has already computed $v$, so the slope costs one
# subtraction and one multiplication.

# %% [markdown]
# ## By hand, then by machine
#
# At $z = 0$: $e^0 = 1$, so $v = \tfrac12$ and $\varphi'(0) = \tfrac12 \cdot \tfrac12 = \tfrac14$. Since $(1-v)v$ is largest at
# $v = \tfrac12$, no slope of the sigmoid is ever above a quarter. Work out $\varphi'(2)$ on paper ($e^{-2} \approx 0.1353$), then
# run the cell.

# %%
# NBVAL_CHECK_OUTPUT
for z in (0.0, 2.0, 5.0, 10.0):
    v, slope = activations.sigmoid.value_and_derivative(z)
    print(f"z = {z:4.1f}   v = {v:.6f}   slope = {slope:.12f}   (1 - v) v = {(1 - v) * v:.12f}")

# %% [markdown]
# **The other two.** For $\tanh z = 2\varphi(2z) - 1$ the chain rule gives $\tanh' z = 4\varphi'(2z)$, and with $v = \tanh z$
#
# $$\tanh' z = 4\,\bigl(1-\varphi(2z)\bigr)\,\varphi(2z) = 4 \cdot \frac{1-v}{2} \cdot \frac{1+v}{2} = 1 - v^2 .$$
#
# ReLU is $\max(z, 0)$: slope 1 for $z > 0$, slope 0 for $z < 0$. At $z = 0$ the two sides disagree and no derivative exists; the
# convention of this course, and of PyTorch, is $\varphi'(0) := 0$.

# %% [markdown]
# ## Look
#
# **Your task.** Move z with the slider or the arrow keys and find where the sigmoid's slope has fallen to a tenth of its
# peak. Then put z on 0 and step once to either side: what does ReLU's tangent do?

# %%
flipbook(
    activation_and_slope,
    z=(-6, 6, 0.1),
    activations={
        "sigmoid against ReLU": ("sigmoid", "relu"),
        "sigmoid against tanh": ("sigmoid", "tanh"),
        "ReLU against leaky ReLU": ("relu", "leaky_relu"),
        "GELU against SiLU": ("gelu", "silu"),
        "softplus against ELU": ("softplus", "elu"),
    },
)

# %% [markdown]
# *Notice.* The lower curves are the slopes of the upper ones. The sigmoid's is a hill that is a quarter high at z = 0 and
# almost flat beyond |z| = 5: such a unit is called **saturated**. ReLU's is a step: all or nothing.

# %% [markdown]
# ## Write them
#
# Each function takes a number or an array of any shape and returns the same shape. Work entry by entry with NumPy; no loop is
# needed. `check` tells you in one sentence what slipped; `hint("04.sigmoid")` helps a little, and more if asked again.
#
# **First the sigmoid.** `np.exp(1000)` overflows, so $1/(1+e^{-z})$ fails at $z = -1000$. For negative $z$, multiply
# numerator and denominator by $e^{z}$: $\varphi(z) = e^{z}/(1+e^{z})$. Both forms see the exponential of $-|z|$ alone.


# %% tags=["exercise"] dlcalc={"exercise": "04.sigmoid"}
def sigmoid(z):
    """φ(z) = 1/(1 + e^(-z)), in z's shape; no overflow warning and no nan at ±1000."""
    ### BEGIN SOLUTION
    decay = np.exp(-np.abs(z))  # never above 1
    return np.where(np.asarray(z) >= 0, 1, decay) / (1 + decay)
    ### END SOLUTION


# %%
check("04.sigmoid", sigmoid)

# %% [markdown]
# **Now its slope**, at $z$ (not at $v$). It must be finite at ±1000.


# %% tags=["exercise"] dlcalc={"exercise": "04.dsigmoid"}
def dsigmoid(z):
    """φ′(z) of the sigmoid, in z's shape; finite at ±1000."""
    ### BEGIN SOLUTION
    decay = np.exp(-np.abs(z))  # φ′ is even, so |z| will do
    return decay / (1 + decay) ** 2
    ### END SOLUTION


# %%
check("04.dsigmoid", dsigmoid)


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
    """φ′(z) in v's shape, given v = φ(z); name is "sigmoid", "tanh" or "relu"."""
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
# In a chain of layers one unit wide, $z^{(l+1)} = w_{l+1}\,\varphi(z^{(l)})$, so by the chain rule
#
# $$\frac{\partial f}{\partial z^{(1)}} = \prod_{l=1}^{L} w_{l+1}\,\varphi'(z^{(l)}), \qquad
# \Bigl|\frac{\partial f}{\partial z^{(1)}}\Bigr| \le \prod_{l=1}^{L} \frac{|w_{l+1}|}{4} \quad \text{for the sigmoid, since } \varphi' \le \tfrac14 .$$
#
# With weights of 1 and ten layers that is at most $0.25^{10}$.

# %%
# NBVAL_CHECK_OUTPUT
for depth in (1, 2, 5, 10):
    print(f"{depth:2d} layers: at most {0.25**depth:.3g} of a change gets through, if every |w| is 1")

# %% [markdown]
# **Your task.** Set the depth to 10. Raise the input scale from 0 and watch both panels. Which of the two can lose
# the signal completely, and which only fade it?

# %%
explore(
    product_of_slopes,
    depth=(1, 20),
    scale=(0.1, 6, 0.1),
    activations={
        "sigmoid against ReLU": ("sigmoid", "relu"),
        "sigmoid against tanh": ("sigmoid", "tanh"),
    },
)

# %% [markdown]
# *Notice.* The sigmoid's products lie under the line $0.25^L$ whatever you do. ReLU's are exactly 1 or exactly 0: a path
# of active units passes everything, and one inactive unit on it passes nothing. A unit that is inactive for every
# example no longer learns; it is called **dead**.
#
# **Said more exactly than usual.** "The sigmoid makes gradients vanish" holds while $|w| < 4$: the bound is a product of
# $|w|/4$. With larger weights the bound no longer shrinks, although large weights also push units into saturation.

# %% [markdown]
# ## Where to start
#
# With weights of mean 0 and variance $s$, and $v$ independent of them, a sum of $n$ products has the variance
#
# $$
# \begin{aligned}
# \operatorname{Var}(z_j) &= n_{\text{in}}\, s\, \mathbb{E}[v_i^2] && \text{forward: kept from layer to layer if } s = 1/n_{\text{in}} \\[2pt]
# \operatorname{Var}\Bigl(\textstyle\sum_k w_{kj}\delta_k\Bigr) &= n_{\text{out}}\, s\, \mathbb{E}[\delta_k^2] && \text{backward: kept if } s = 1/n_{\text{out}} \\[2pt]
# \text{Xavier:}\quad s &= \tfrac{2}{n_{\text{in}} + n_{\text{out}}} && \text{between the two, for } \varphi \text{ with slope 1 at 0} \\[2pt]
# \text{He:}\quad s &= \tfrac{2}{n_{\text{in}}} && \text{ReLU keeps half of } \mathbb{E}[z^2] \text{, so twice as much}
# \end{aligned}
# $$
#
# `nn.Linear` draws from $U(\pm 1/\sqrt{n_{\text{in}}})$, so $s = 1/(3 n_{\text{in}})$: neither. Twenty ReLU layers show what that does:

# %%
# NBVAL_CHECK_OUTPUT
for name in ("he_normal", "xavier_normal", "torch_linear"):
    rng = np.random.default_rng(0)
    v = rng.standard_normal((256, 100))
    for _ in range(20):
        v = np.maximum(v @ INITIALIZERS[name](100, 100, rng)[:, :-1].T, 0)
    print(f"{name:14s} size of v after 20 layers: {np.sqrt((v**2).mean()):.1e}")

# %% [markdown]
# ## Where floating point and mathematics part
#
# The sigmoid's slope is positive for every real $z$. In floating point that depends on how you write it:

# %%
# NBVAL_CHECK_OUTPUT
v = activations.sigmoid(40.0)
print("1 - v           =", 1 - v)
print("(1 - v) v       =", (1 - v) * v)
print("phi(z) phi(-z)  =", activations.sigmoid(40.0) * activations.sigmoid(-40.0))

# %% [markdown]
# From z ≈ 36.8 on, $v$ rounds to 1 and $(1-v)v$ to exactly 0. Since $1 - \varphi(z) = \varphi(-z)$, the product
# $\varphi(z)\,\varphi(-z)$ is the same slope without the subtraction.
#
# And ReLU's kink, which "does not matter in practice": mostly true, since an exact 0 is rare. But
# $\mathrm{relu}(x) - \mathrm{relu}(-x) = x$ has slope 1 everywhere, and the rule gives $0 + 0$ at $x = 0$:

# %%
# NBVAL_CHECK_OUTPUT
for x in (-0.5, 0.0, 0.5):
    slope = activations.relu.derivative(x) + activations.relu.derivative(-x)
    print(f"x = {x:4.1f}   the rule says {slope:.0f}, the function's slope is 1")

# %% [markdown]
# ## Break it
#
# Plant a bug, let finite differences look for it. Set `bug` to each name in turn and run the cell. One of the bugs
# survives when every z is positive; which, and why? Change the range of `z` to find out.

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
# ## In your own words
#
# Finish the sentence in a new cell or on paper: *A sigmoid layer can only pass on a small part of an error signal,
# because …; ReLU passes on …, but …*
#
# ## Transfer
#
# The function $\varphi(z) = z / (1 + |z|)$, called softsign, also looks like an S. What is its largest slope? Does a stack of ten of
# them fade a signal as the sigmoid does? Answer first, then check your answer against finite differences.

# %%
predict("04.softsign")

# %% [markdown]
# ## What comes next
#
# A layer has many inputs and many outputs, and its "slope" is a matrix. Lesson 05 says what a derivative is when there is more
# than one direction to go: [05 Taylor and the Jacobian](05_taylor_and_the_jacobian.ipynb).
#
# **Sources.** Goodfellow, Bengio and Courville, *Deep Learning*, §6.3 (hidden units). Glorot and Bengio, *Understanding the
# difficulty of training deep feedforward neural networks*, AISTATS 2010 (Xavier). He et al., arXiv 1502.01852, §2.2. The accuracy of `dlcalc.activations` in the
# tails is tested against 60-digit arithmetic.
