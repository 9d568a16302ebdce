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
from dlcalc.widgets import flipbook

# %% [markdown]
# ## What a derivative promises
#
# At school the derivative is the slope of the tangent: $f(x_0 + h) \approx f(x_0) + f'(x_0)\,h$. Read it as a promise: close to
# $x_0$, $f$ does to a small step what a multiplication does. With $n$ inputs the step $d$ is a vector, with $m$ outputs so is the
# answer, and what takes one to the other is no number but a matrix, the **Jacobian**:
#
# $$
# \underset{(m)}{f(x_0 + d)} = \underset{(m)}{f(x_0)} + \underset{m \times n}{J_f(x_0)}\;\underset{(n)}{d} + o(\lVert d \rVert),
# \qquad J_{ij} = \frac{\partial f_i}{\partial x_j}.
# $$
#
# $o(\lVert d \rVert)$ is the promise: the error falls **faster** than the distance, so that even when divided by $\lVert d \rVert$ it goes
# to 0. Row $i$ of $J$ belongs to output $i$, column $j$ to input $j$.
#
# By hand: $f(x) = (x_1 x_2,\; x_1^2)$ at $x_0 = (2, 3)$. Write down the four partial derivatives. Which change does $J$ promise for
# the step $d = (0.1, -0.1)$, and how large is the true one?

# %%
# NBVAL_CHECK_OUTPUT
f = lambda x: np.array([x[0] * x[1], x[0] ** 2])
x0, J = np.array([2.0, 3.0]), np.array([[3.0, 2.0], [4.0, 0.0]])
for d in (np.array([0.1, -0.1]), np.array([0.01, -0.01])):
    print("promised", (J @ d).round(6), "  true", (f(x0 + d) - f(x0)).round(6))

# %% [markdown]
# A step ten times shorter, an error a hundred times smaller. With **one** output ($m = 1$) the Jacobian is a single row, the
# gradient lying down, and one more term makes the fit better still. It needs the matrix $H$ of second derivatives,
# $H_{ij} = \partial^2 f/\partial x_i \partial x_j$, which is symmetric. The **Taylor expansions** of order 0, 1 and 2:
#
# $$
# \begin{aligned}
# T_0(x) &= f(x_0) && \text{the right value} \\[2pt]
# T_1(x) &= T_0(x) + \underset{1 \times n}{\nabla f(x_0)^{\mathsf T}}\;\underset{(n)}{d} && d = x - x_0 \text{: the right slopes too} \\[2pt]
# T_2(x) &= T_1(x) + \tfrac12\, \underset{1 \times n}{d^{\mathsf T}}\;\;\underset{n \times n}{H}\;\;\underset{(n)}{d} && \text{the right curvatures too}
# \end{aligned}
# $$
#
# Why the ½? Because $\tfrac12 a x^2$ is the parabola whose second derivative is $a$. And on axes that are both logarithmic, an error
# $c\,h^p$ at the distance $h = \lVert d \rVert$ is a straight line with slope $p$, since $\log(c\,h^p) = \log c + p \log h$.

# %%
slope_of_error = predict("05.taylor-slope")
slope_of_error

# %% [markdown]
# **Your task.** Play the radius, then change the order. On the log-log plot at the lower right: by how many decades does each
# error fall when the radius falls by one?

# %%
radii = [float(f"{10**exponent:.2g}") for exponent in np.linspace(-3, 0.15, 43)]
flipbook(
    taylor_expansion, radius=radii, direction=(-180, 180, 30), order=[0, 1, 2], locked_by=slope_of_error
)  # fmt: skip

# %% [markdown]
# *Notice.* By 1, 2 and 3 decades, so the errors are of order $h$, $h^2$ and $h^3$: the slope is that of the first term left out.
# This is how a wrong derivative betrays itself: its error falls with slope 1 only. In numbers, for
# $e^x = 1 + x + \tfrac12 x^2 + \dots$ at 0: what order 1 leaves out, divided by $h$, is about $h/2$. (From $h \approx 10^{-8}$ down
# rounding takes over. Try it.)

# %%
# NBVAL_CHECK_OUTPUT
line = taylor.expand(np.exp, 0.0, order=1, gradient=1.0)
for h in (1e-1, 1e-2, 1e-3, 1e-4):
    print(f"h = {h:.0e}   remainder / h = {(np.exp(h) - line(h)) / h:.1e}")

# %% [markdown]
# Not every function keeps such a promise. For $|x|$ at 0 the error $|h| - J h$, divided by $|h|$, is $1 - J$ on the right and
# $1 + J$ on the left. No number $J$ makes both 0: that is what a kink is.

# %% [markdown]
# ## Write it
#
# Both exercises return a **function** of $x$: define it inside, with `def` or `lambda`, and return it without calling it.


# %% tags=["exercise"] dlcalc={"exercise": "05.taylor1"}
def taylor1(f0, g, x0):
    """The callable x → f0 + g·(x − x0), a float; f0 float, g and x0 (n,)."""
    ### BEGIN SOLUTION
    return lambda x: f0 + g @ (x - x0)
    ### END SOLUTION


# %%
check("05.taylor1", taylor1)


# %% tags=["exercise"] dlcalc={"exercise": "05.taylor2"}
def taylor2(f0, g, H, x0):
    """The callable x → f0 + g·d + ½ dᵀHd, a float, with d = x − x0.

    H (n, n) is symmetric.
    """

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
# A layer is two maps, one after the other: $z = Wv$ with a $W$ of shape $m \times n$, then $\varphi$ on each of the $m$ entries. Turn
# one input and read off the slopes of all outputs; $[i = j]$ stands for 1 if $i = j$, else 0. A linear map is its own derivative:
#
# $$
# \begin{aligned}
# \frac{\partial z_i}{\partial v_j} &= W_{ij}, \text{ so } \underset{m \times n}{J} = W && \text{only term } k = j \text{ of } \textstyle\sum_k W_{ik} v_k \\[4pt]
# \frac{\partial \varphi(z_i)}{\partial z_j} &= [i = j]\,\varphi'(z_i), \text{ so } \underset{m \times m}{J} = \operatorname{diag}(\varphi'(z)) && \text{output } i \text{ sees input } i \text{ alone}
# \end{aligned}
# $$
#
# Now both, from one pre-activation to the next. Unit $j$ of layer $l$ feeds unit $k$ of layer $l+1$:
#
# $$
# \begin{aligned}
# z^{(l+1)}_k &= \textstyle\sum_j w_{k,j}\,\varphi(z^{(l)}_j) + b_k && \text{a weighted sum of the values} \\[4pt]
# \frac{\partial z^{(l+1)}_k}{\partial z^{(l)}_j} &= w_{k,j}\,\varphi'(z^{(l)}_j) && \text{only term } j \text{ moves; } b_k \text{ does not} \\[4pt]
# \underset{n_{l+1} \times n_l}{\frac{\partial z^{(l+1)}}{\partial z^{(l)}}} &= \underset{n_{l+1} \times n_l}{\bar W^{(l+1)}}\;\underset{n_l \times n_l}{\operatorname{diag}\bigl(\varphi'(z^{(l)})\bigr)} && \text{column } j \text{ of } \bar W \text{ times } \varphi'(z_j) \text{: no bias column}
# \end{aligned}
# $$
#
# A diagonal matrix on the right scales **columns**, one on the left would scale rows. By hand: let
# $\bar W$ have the rows $(1, -2)$ and $(0.5, 3)$, and the slopes be $0.9$ and $0.5$. The first row of the product is $(0.9, -1)$;
# what is the second?


# %% tags=["exercise"] dlcalc={"exercise": "05.layer_jacobian"}
def layer_jacobian(W, z, dphi):
    """∂z⁽ˡ⁺¹⁾/∂z⁽ˡ⁾ = W̄ diag(φ′(z)), of shape (n_{l+1}, n_l).

    W (n_{l+1}, n_l + 1) with the bias last, z (n_l,); dphi is φ′.
    """
    ### BEGIN SOLUTION
    return W[:, :-1] * dphi(z)
    ### END SOLUTION


# %%
check("05.layer_jacobian", layer_jacobian)

# %% [markdown]
# **Your task.** The circle on the left is mapped by φ(Wx + b). (1) Shrink its radius: when do you no longer see a difference
# between its image and the ellipse that the Jacobian makes of it? (2) Choose ReLU and move x₁ and x₂. Does that always work?

# %%
flipbook(
    jacobian_map, radius=(0.02, 1.2, 0.02), x1=(-1, 1, 0.1), x2=(-1, 1, 0.1), activation=["tanh", "sigmoid", "relu"],
    labels={"x1": "x₁", "x2": "x₂"},
)  # fmt: skip

# %% [markdown]
# *Notice.* (1) Under the magnifying glass every differentiable map is linear, and the Jacobian is that linear map. (2) Where a kink
# of ReLU lies inside the circle the image has a corner, however small the circle is.

# %% [markdown]
# **Three more.** Softmax ties its outputs together, so its matrix is full. With $S = \sum_k e^{f_k}$ and $p_i = e^{f_i}/S$:
#
# $$
# \begin{aligned}
# \frac{\partial p_i}{\partial f_j} &= \frac{[i=j]\,e^{f_i}\,S - e^{f_i}\,e^{f_j}}{S^2} = [i=j]\,p_i - p_i\,p_j && \text{quotient rule; } \partial S/\partial f_j = e^{f_j} \\[4pt]
# \underset{n \times n}{J} &= \underset{n \times n}{\operatorname{diag}(p)} - \underset{(n)}{p}\;\underset{1 \times n}{p^{\mathsf T}} && \text{all entries at once}
# \end{aligned}
# $$
#
# The polar map $(r, t) \mapsto (r\cos t, r\sin t)$ has the rows $(\cos t, -r\sin t)$ and $(\sin t, r\cos t)$, so its determinant, which
# says how much areas grow, is $r\cos^2 t + r\sin^2 t = r$. And by the weights, $\partial z_k/\partial W_{ij} = [k = i]\,v_j$: a weight of
# row $i$ moves no other output. By hand: softmax at $f = (0, 0, \ln 2)$, where $p = (\tfrac14, \tfrac14, \tfrac12)$.

# %%
# NBVAL_CHECK_OUTPUT
print("softmax at (0, 0, ln 2):\n", np.round(jacobians.softmax([0.0, 0.0, np.log(2.0)]), 4))
print("det of the polar map at r = 2:", round(float(np.linalg.det(jacobians.polar([2.0, 0.75]))), 12))
print("of z_1 by W, for v = (3, 4) and two outputs:\n", jacobians.affine_weights([3.0, 4.0], n_outputs=2)[0])

# %% [markdown]
# ## Measure it: finite differences
#
# A derivative can be measured without knowing it. In one dimension, where everything is a number, go to either side, expand one
# term further ($\tfrac16 a x^3$ has the third derivative $a$), and solve for $f'(x)$:
#
# $$f(x \pm h) = f(x) \pm h f'(x) + \tfrac{h^2}{2} f''(x) \pm \tfrac{h^3}{6} f'''(x) + \dots$$
#
# $$
# \begin{aligned}
# \frac{f(x+h) - f(x)}{h} &= f'(x) + \tfrac{h}{2} f''(x) + \dots && \text{forward: error of order } h \\[4pt]
# \frac{f(x+h) - f(x-h)}{2h} &= f'(x) + \tfrac{h^2}{6} f'''(x) + \dots && \text{central: error of order } h^2
# \end{aligned}
# $$
#
# In the central one the even terms cancel, $f''$ among them. Then take the smallest $h$ there is?

# %%
smallest_step = predict("05.step")
smallest_step

# %% [markdown]
# **Your task.** Find the best $h$ of both curves. Then tick *complex step*, a third way: step in the imaginary direction,
# $i^2 = -1$. From $f(x + ih) = f(x) + ih f'(x) - \dots$ the imaginary part, divided by $h$, is the slope. Why does its curve not turn
# up again?

# %%
flipbook(
    difference_errors, step=[10.0**exponent for exponent in range(-15, 1)], complex_step=False,
    labels={"step": "h", "complex_step": "complex step"}, locked_by=smallest_step,
)  # fmt: skip

# %% [markdown]
# *Notice.* Each error is a V. On its right are the neglected terms of Taylor. On its left is rounding: a value of size 1 is known to
# about $\varepsilon \approx 2 \cdot 10^{-16}$, and dividing by $h$ lifts that to $\varepsilon/h$. The bottom is where both are alike: $h \approx
# \varepsilon/h$ gives $\varepsilon^{1/2} \approx 10^{-8}$ for forward, $h^2 \approx \varepsilon/h$ gives $\varepsilon^{1/3} \approx 6 \cdot 10^{-6}$ for central
# differences. The complex step subtracts nothing, so no digits are lost.
#
# Measure a whole Jacobian with central differences: a step along input $j$ gives column $j$.


# %% tags=["exercise"] dlcalc={"exercise": "05.jacobian_fd"}
def jacobian_fd(f, x, h):
    """The Jacobian (m, n) of f: (n,) → (m,) at x.

    By central differences with step h; x is left as it was.
    """
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
# <details><summary>What you should have seen</summary>
#
# Only the bias column shows in the shape. The other two are off by about 0.7 and 0.3, where rounding gives $10^{-11}$, so a measurement
# catches them. A diagonal W̄ hides the wrong side, since diagonal matrices may change places, and so does a $z$ with equal
# slopes. With a W̄ that is not square, NumPy itself would complain.
#
# </details>
#
# ## In your own words
#
# Finish the sentence in a new cell or on paper: *The Jacobian at a point is the linear map that …, and I can tell that one is
# wrong when …*
#
# ## Transfer

# %%
predict("05.transfer")

# %% [markdown]
# ## What comes next
#
# Layers follow one another, so their Jacobians are multiplied. From which end? For a
# large network that decides whether training takes a day or a year: [06 The chain rule](06_the_chain_rule.ipynb).
#
# **Sources.** Parr and Howard, *The Matrix Calculus You Need For Deep Learning*, arXiv 1802.01528, §4.1 (Jacobian) and §4.2
# (elementwise functions). Deisenroth, Faisal and Ong, *Mathematics for Machine Learning*, §5.2. Martins, Sturdza and
# Alonso, ACM TOMS 29 (2003), 245-262 (the complex step).
