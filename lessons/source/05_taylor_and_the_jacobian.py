# %% [markdown]
# # 05 · Taylor and the Jacobian
#
# **The question.** A layer takes many numbers in and gives many numbers out. What is its derivative, and how would you notice
# that it is wrong?
#
# The slope of lesson 04 belongs to one number going in and one coming out. Here it grows into a matrix, and you
# build the tool that checks every gradient in this course: finite differences.
#
# *Time: about 45 minutes. You need: lesson 04, matrices times vectors.*

# %%
import numpy as np

from dlcalc import jacobians, taylor
from dlcalc.activations import tanh
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import difference_errors, jacobian_map, taylor_expansion
from dlcalc.finite_differences import jacobian
from dlcalc.widgets import explore, flipbook

# %% [markdown]
# ## What a derivative promises
#
# For $f$ from $\mathbb{R}^n$ to $\mathbb{R}^m$, the derivative at $x_0$ is the matrix $J_f(x_0)$ that makes this true:
#
# $$
# \underbrace{f(x)}_{(m)} = \underbrace{f(x_0)}_{(m)} + \underbrace{J_f(x_0)}_{(m \times n)}\,\underbrace{(x - x_0)}_{(n)} + o(\lVert x-x_0\rVert) .
# $$
#
# The last term is the promise: the error falls **faster** than the distance. Row $i$ of $J$ belongs to output $i$, column $j$ to
# input $j$: $J_{ij} = \partial f_i/\partial x_j$. With one output ($m = 1$) the row is the transposed gradient, and one more
# term, with the symmetric matrix $H$ of second derivatives, $(n \times n)$, makes the fit better:
#
# $$
# \begin{aligned}
# T_0(x) &= f(x_0) && \text{error of order } h = \lVert x - x_0\rVert \\[2pt]
# T_1(x) &= f(x_0) + \nabla f(x_0)^\top d && d = x - x_0 \text{; error of order } h^2 \\[2pt]
# T_2(x) &= f(x_0) + \nabla f(x_0)^\top d + \tfrac12\, d^\top H\, d && \text{error of order } h^3
# \end{aligned}
# $$
#
# Why the ½? Differentiate $\tfrac12 d^\top H d$ twice: each entry of $H$ comes up twice, once from either $d$.

# %%
slope_of_error = predict("05.taylor-slope")
slope_of_error

# %% [markdown]
# **Your task.** Play the radius, then change the order. On the log-log plot at the lower right: by how many decades does each
# error fall when the radius falls by one?

# %%
radii = [round(10**exponent, 6) for exponent in np.linspace(-3, 0.15, 43)]
flipbook(
    taylor_expansion, radius=radii, direction=(-180, 180, 30), order=[0, 1, 2], locked_by=slope_of_error
)  # fmt: skip

# %% [markdown]
# *Notice.* The slopes are 1, 2 and 3, one above the order. A wrong derivative shows at once: its error falls with slope 1 only.
# The same in numbers, for $e^x$ at 0:

# %%
# NBVAL_CHECK_OUTPUT
line = taylor.expand(np.exp, 0.0, order=1, gradient=1.0)
for h in (1e-1, 1e-2, 1e-3, 1e-4):
    print(f"h = {h:.0e}   remainder / h = {(np.exp(h) - line(h)) / h:.1e}")

# %% [markdown]
# For $|x|$ at 0 no number works as a derivative: $|h| - J h$ divided by $|h|$ is $1 - J$ on the right and $1 + J$ on the left, and
# the two cannot both go to 0.

# %% [markdown]
# ## Write it


# %% tags=["exercise"] dlcalc={"exercise": "05.taylor1"}
def taylor1(f0, g, x0):
    """The callable x → f0 + g·(x − x0), a float; f0 float, g (n,), x0 (n,)."""
    ### BEGIN SOLUTION
    return lambda x: f0 + g @ (x - x0)
    ### END SOLUTION


# %%
check("05.taylor1", taylor1)


# %% tags=["exercise"] dlcalc={"exercise": "05.taylor2"}
def taylor2(f0, g, H, x0):
    """The callable x → f0 + g·d + ½ dᵀHd with d = x − x0, a float; H (n, n) symmetric."""

    ### BEGIN SOLUTION
    def expansion(x):
        d = x - x0
        return f0 + g @ d + 0.5 * d @ H @ d

    return expansion
    ### END SOLUTION


# %%
check("05.taylor2", taylor2)

# %% [markdown]
# ## The Jacobian of a layer
#
# A layer is two maps, one after the other: $z = Wv$, then $\varphi$ on each entry. Their Jacobians, read off entry by entry:
#
# $$
# \begin{aligned}
# z(v) = Wv:\quad \frac{\partial z_i}{\partial v_j} &= W_{ij} \;\Rightarrow\; J = W && \text{a linear map is its own derivative} \\[4pt]
# \varphi(z):\quad \frac{\partial \varphi(z_i)}{\partial z_j} &= \begin{cases}\varphi'(z_i) & i = j\\ 0 & i \ne j\end{cases} \;\Rightarrow\; J = \operatorname{diag}(\varphi'(z)) && \text{each output sees its own input alone}
# \end{aligned}
# $$
#
# From one pre-activation to the next, $z^{(l+1)} = \bar W^{(l+1)} \varphi(z^{(l)}) + b^{(l+1)}$, so by the chain rule
#
# $$
# \underbrace{\frac{\partial z^{(l+1)}}{\partial z^{(l)}}}_{n_{l+1} \times n_l} = \underbrace{\bar W^{(l+1)}}_{n_{l+1} \times n_l} \, \underbrace{\operatorname{diag}\bigl(\varphi'(z^{(l)})\bigr)}_{n_l \times n_l} \qquad \text{the bias is added, so its column drops out.}
# $$
#
# **Your task.** The circle on the left is mapped by φ(Wx + b). Shrink its radius: when do you no longer see a difference between its
# image and the ellipse that the Jacobian makes of it?

# %%
flipbook(
    jacobian_map, radius=(0.02, 1.2, 0.02), x1=(-1, 1, 0.1), x2=(-1, 1, 0.1), activation=["tanh", "sigmoid", "relu"]
)

# %% [markdown]
# *Notice.* Close up, every differentiable map is linear, and the Jacobian is that linear map. For ReLU the image has a corner
# as long as a kink lies inside the circle, however small it is.

# %% [markdown]
# Three Jacobians to compute by hand and compare. Softmax ties its outputs together, so its matrix is full:
# $\operatorname{diag}(p) - pp^\top$. The polar map $(r, t) \mapsto (r\cos t, r\sin t)$ has $\det J = r$. And for the
# weights, $\partial z_k/\partial W_{ij} = [k = i]\,v_j$: a weight of row $i$ moves no other output.

# %%
# NBVAL_CHECK_OUTPUT
print(np.round(jacobians.softmax([0.0, 0.0, np.log(2.0)]), 4))
print("det of the polar map at r = 2:", round(float(np.linalg.det(jacobians.polar([2.0, 0.75]))), 12))
print(jacobians.affine_weights([3.0, 4.0], n_outputs=2)[0])


# %% tags=["exercise"] dlcalc={"exercise": "05.layer_jacobian"}
def layer_jacobian(W, z, dphi):
    """∂z⁽ˡ⁺¹⁾/∂z⁽ˡ⁾ = W̄ diag(φ′(z)), (n_{l+1}, n_l); W (n_{l+1}, n_l + 1) with the bias last, z (n_l,)."""
    ### BEGIN SOLUTION
    return W[:, :-1] * dphi(z)
    ### END SOLUTION


# %%
check("05.layer_jacobian", layer_jacobian)

# %% [markdown]
# ## Measure it: finite differences
#
# A derivative can be measured without knowing it. In one dimension, from the Taylor expansions at $x \pm h$:
#
# $$
# \begin{aligned}
# \frac{f(x+h) - f(x)}{h} &= f'(x) + \tfrac{h}{2} f''(x) + \dots && \text{forward: error of order } h \\[4pt]
# \frac{f(x+h) - f(x-h)}{2h} &= f'(x) + \tfrac{h^2}{6} f'''(x) + \dots && \text{central: the } h \text{ terms cancel}
# \end{aligned}
# $$
#
# Then take the smallest $h$ there is?

# %%
smallest_step = predict("05.step")
smallest_step

# %%
flipbook(
    difference_errors, step=[10.0**exponent for exponent in range(-15, 1)], complex_step=False,
    labels={"step": "h", "complex_step": "complex step"}, locked_by=smallest_step,
)  # fmt: skip

# %% [markdown]
# *Notice.* The error is a V: on the right the neglected terms of Taylor, on the left rounding. A value of size 1 is known to about
# $10^{-16}$, and dividing by $h$ lifts that error to $10^{-16}/h$. Central differences are best near $h = 10^{-5}$, about
# $\varepsilon^{1/3}$.


# %% tags=["exercise"] dlcalc={"exercise": "05.jacobian_fd"}
def jacobian_fd(f, x, h):
    """The Jacobian (m, n) of f: (n,) → (m,) at x by central differences with step h; x is left as it was."""
    ### BEGIN SOLUTION
    columns = []
    for i in range(len(x)):
        step = np.zeros(len(x))
        step[i] = h
        columns.append((f(x + step) - f(x - step)) / (2 * h))
    return np.stack(columns, axis=1)
    ### END SOLUTION


# %%
check("05.jacobian_fd", jacobian_fd)

# %% [markdown]
# ## Break it
#
# Which slips would a measurement catch? Set `bug` to each name in turn. Two of them fit in shape, and only the
# numbers are off. For which kind of W̄ would "diag on the wrong side" stay invisible?

# %%
bug = "none"  # "diag on the wrong side", "bias column kept", "slope at v"
W, z = np.array([[1.0, -2.0, 0.5], [0.5, 3.0, 1.0]]), np.array([0.3, -0.8])
D, W_bar = np.diag(tanh.derivative(z)), W[:, :-1]
claims = {"none": W_bar @ D, "diag on the wrong side": D @ W_bar, "bias column kept": W * 1.0,
          "slope at v": W_bar @ np.diag(tanh.derivative(tanh(z)))}  # fmt: skip
measured = jacobian(lambda z: W @ np.append(tanh(z), 1.0), z)
claim = claims[bug]
print("shapes", claim.shape, measured.shape)
print("largest difference", abs(claim - measured).max() if claim.shape == measured.shape else "none: the shapes differ")

# %% [markdown]
# ## In your own words
#
# Finish the sentence: *The Jacobian at a point is the linear map that …, and I can tell that one is wrong when …*
#
# ## Transfer

# %%
predict("05.transfer")

# %% [markdown]
# ## What comes next
#
# Layers follow one another, so their Jacobians are multiplied. In which order? That decides whether training is
# possible at all: [06 The chain rule](06_the_chain_rule.ipynb).
#
# **Sources.** Parr and Howard, *The Matrix Calculus You Need For Deep Learning*, arXiv 1802.01528, §4.1 (Jacobian) and §4.2
# (elementwise functions). Deisenroth, Faisal and Ong, *Mathematics for Machine Learning*, §5.2. Martins, Sturdza and
# Alonso, ACM TOMS 29 (2003), 245-262 (the complex step).
