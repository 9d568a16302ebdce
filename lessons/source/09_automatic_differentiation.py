# %% [markdown]
# # 09 · Automatic differentiation
#
# **The question.** You write only the forward pass. How can a machine know the gradient?
#
# Change the network of lesson 08, and you derive its backward pass anew. Here you write an engine that does it for any program.
#
# *Time: about 45 minutes. You need: lessons 06 to 08, Python classes.*

# %%
import numpy as np

from dlcalc import autodiff as torch
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import tape_in_steps
from dlcalc.tape_comparison import follow
from dlcalc.tape_nodes import Add, Node, apply, in_order
from dlcalc.widgets import flipbook

# %% [markdown]
# ## What, why, how
#
# **What.** Automatic differentiation runs your program and notes every operation on a **tape**, a list of what was computed from what. Drawn, the
# tape is a graph: nodes are values, arrows lead from operands (**parents**) to results, never in a circle. No formula is derived and
# nothing is measured: it is the chain rule on numbers, exact up to rounding.
#
# **Why.** By hand a gradient is tedious and easy to get wrong; not slow (lesson 06: naive expansion over paths is). Finite differences need two
# losses for every weight, and are inexact.
#
# **How.** Forward: build the graph, keep the values that the way back will need. Backward: from the root (the loss) to the **leaves** (inputs and
# parameters). What comes back to a node $y$ is its **cotangent** $\bar y=\partial\ell/\partial y$, of the shape of $y$. Each operation $\psi$ turns it into one share
# for each operand, a VJP (lesson 06); shares from all consumers are added, hence `+=`.
#
# $$
# \begin{aligned}
# \underbrace{y}_{(m)}=\underbrace{\psi(a)}_{a:\,(n)}:\quad&\underbrace{\bar a^\top}_{1\times n}\mathrel{+}=\underbrace{\bar y^\top}_{1\times m}\,\underbrace{J_\psi(a)}_{m\times n}&&\text{chain rule}\\[2pt]
# y=a+b:\quad&\bar a\mathrel{+}=\bar y,\quad\bar b\mathrel{+}=\bar y&&\text{slopes 1; all shapes } (n)\\[4pt]
# y=a\odot b:\quad&\bar a\mathrel{+}=\bar y\odot b,\quad\bar b\mathrel{+}=\bar y\odot a&&\text{slope: the other factor}\\[2pt]
# \underbrace{Y}_{N\times p}=\underbrace{A}_{N\times q}\,\underbrace{B}_{q\times p}:\quad&\bar A\mathrel{+}=\bar Y B^\top,\quad\bar B\mathrel{+}=A^\top\bar Y&&\text{lesson 08: } A=V,\ B=W^\top
# \end{aligned}
# $$

# %% [markdown]
# ## The lecture's example
#
# $f(x,y)=x\,(x+y)^2$ at $(3,-1)$, step by step: $c=x+y=2$, $d=c^2=4$, $f=x\,d=12$. The way back, by hand:
#
# $$
# \begin{aligned}
# \frac{\partial f}{\partial d}&=x=3,\qquad\frac{\partial f}{\partial c}=3\cdot 2c=12&&d=c^2 \text{ has the slope } 2c=4\\[6pt]
# \frac{\partial f}{\partial y}&=12\cdot 1=12&&\text{one path leads from } y \text{ to } f\\[6pt]
# \frac{\partial f}{\partial x}&=\underbrace{d}_{\text{from }f}+\underbrace{12\cdot 1}_{\text{from }c}=4+12=16&&\text{two paths lead from } x \text{ to } f
# \end{aligned}
# $$

# %%
twice = predict("09.twice")
twice

# %% [markdown]
# **Your task.** Step forward and back. Then switch `accumulate` off: at which step is a share lost? Switch it on, choose "a diamond" and
# depth-first order: which node passes on its gradient while it still waits for a share?

# %%
flipbook(
    tape_in_steps, step=(0, 14), example=["x·(x+y)²", "a·a", "a diamond"], accumulate=True,
    order=["topological", "depth-first"], show_stored=True, locked_by=twice,
)  # fmt: skip

# %% [markdown]
# *Notice.* A node may pass its gradient on only when **all** its consumers have added (`+=`) their shares. So the way back visits each node once, in
# reverse **topological order**, in which every node stands after its parents.

# %%
# NBVAL_CHECK_OUTPUT
x = torch.tensor([3.0], requires_grad=True)
y = torch.tensor([-1.0], requires_grad=True)
f = x * (x + y) ** 2
f.backward()
print(x.grad, y.grad)
(x * (x + y) ** 2).backward()  # once more, without zeroing
print(x.grad, y.grad)

# %% [markdown]
# So `.grad` is added to what is there, and has to be cleared between steps.

# %% [markdown]
# ## Build the engine
#
# A node has `.value`, `.parents` (a tuple), `.op` (None for a leaf, else with `.backward(y_bar)`, which gives one cotangent for each
# parent), `.requires_grad` and `.grad` (None at first). It can be the key of a dictionary, where two nodes of equal value stay two.
#
# **One operation.** `forward` keeps in `self` what `backward` will need.


# %% tags=["exercise"] dlcalc={"exercise": "09.Mul"}
class Mul:
    """a · b for two arrays of one shape: forward(a, b) → a·b, backward(y_bar) → (y_bar·b, y_bar·a)."""

    def forward(self, a, b):
        ### BEGIN SOLUTION
        self.a, self.b = a, b
        return a * b
        ### END SOLUTION

    def backward(self, y_bar):
        ### BEGIN SOLUTION
        return y_bar * self.b, y_bar * self.a
        ### END SOLUTION


# %%
check("09.Mul", Mul)

# %% [markdown]
# **The order.** Parents before children, each node once, the root last: x, y, c, d, f in the example. A function that calls itself for the parents is
# short, but Python refuses it on a chain of thousands of nodes; a loop with a list of nodes still to visit goes on.


# %% tags=["exercise"] dlcalc={"exercise": "09.topological_order"}
def topological_order(root):
    """A list of all nodes that root depends on: each once, parents before children, root last."""
    ### BEGIN SOLUTION
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, parents_are_listed = stack.pop()
        if parents_are_listed:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    return order
    ### END SOLUTION


# %%
check("09.topological_order", topological_order)

# %% [markdown]
# **The backward pass.** The root's cotangent is `seed`. Go through the order from its end, and let each node's operation hand out shares. Keep the
# cotangents in a dictionary of your own; write only into the `.grad` of leaves that require it, and add there. Add with `a + b`,
# not with `+=`: a sum hands one and the same array to all its parents.


# %% tags=["exercise"] dlcalc={"exercise": "09.backward"}
def backward(root, seed=1.0):
    """Add ∂root/∂leaf into the .grad of every leaf that requires it; constants keep None. Returns None."""
    ### BEGIN SOLUTION
    gradients = {root: seed}
    for node in reversed(topological_order(root)):
        y_bar = gradients[node]
        if node.op is None:
            if node.requires_grad:
                node.grad = y_bar if node.grad is None else node.grad + y_bar
            continue
        for parent, share in zip(node.parents, node.op.backward(y_bar)):
            gradients[parent] = gradients[parent] + share if parent in gradients else share
    ### END SOLUTION


# %%
check("09.backward", backward)


# %% tags=["exercise"] dlcalc={"exercise": "09.zero_grad"}
def zero_grad(params):
    """Clear the .grad of every parameter (None, or zeros); the values stay."""
    ### BEGIN SOLUTION
    for parameter in params:
        parameter.grad = None
    ### END SOLUTION


# %%
check("09.zero_grad", zero_grad)

# %% [markdown]
# **Broadcasting.** In `x + b` with shapes (2, 3) and (3,), NumPy uses $b$ in both rows, so two shares are added. If [[1, 2, 3], [4, 5, 6]] comes back, $b$
# gets [5, 7, 9], a column of shape (2, 1) would get [[6], [15]], and a number, shape (), 21: sum over every axis along which the
# value was stretched.


# %% tags=["exercise"] dlcalc={"exercise": "09.unbroadcast"}
def unbroadcast(grad, shape):
    """grad summed over what was broadcast, as an array of this shape; shape may be ()."""
    ### BEGIN SOLUTION
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    stretched = tuple(axis for axis, n in enumerate(shape) if n == 1)
    return grad.sum(axis=stretched, keepdims=True)
    ### END SOLUTION


# %%
check("09.unbroadcast", unbroadcast)

# %% [markdown]
# ## Step your own tape
#
# Your `Mul` and your `backward` now run on $f=x\,(c+c^2)$ with $c=x+y$. `follow` names the first node that disagrees with ours, and the figure
# steps through what **your** code did (through ours, if there is nothing to follow).
#
# **Your task.** Predict both gradients on paper, then run the cells and step. Then let your `backward` overwrite where it adds: which node is
# named? Last, change the program, for instance to $f=(x+y)\,(x+y)\,x\,x$.


# %%
def program(Mul):
    x, y = Node(3.0, name="x"), Node(-1.0, name="y")
    c = apply(Add(), x, y, name="c")
    d = apply(Mul(), c, c, name="d")
    e = apply(Add(), c, d, name="e")
    return apply(Mul(), x, e, name="f")


yours = follow(backward, program, Mul)
yours


# %%
def your_tape(figure, *, step=yours.last):
    return tape_in_steps(figure, tape=yours.tape, steps=yours.steps, step=step)


flipbook(your_tape, step=(0, yours.last), size=(7.6, 4.1))

# %% [markdown]
# *Notice.* Three shares meet at $c$: two from $d=c\cdot c$, one from $e$.

# %%
predict("09.kept")

# %% [markdown]
# ## Both directions, and second derivatives
#
# Forward mode carries a nudge $\dot x$ on: each operation turns it into $\dot y=J\dot x$ (lesson 06: a JVP). Through the program that computes $\nabla f$ in
# reverse, that gives second derivatives without ever forming the matrix $H$ of lesson 05:
#
# $$
# \underbrace{H}_{n\times n}\underbrace{t}_{(n)}=\frac{d}{d\varepsilon}\nabla f(x+\varepsilon t)\Big|_{\varepsilon=0}\qquad\text{chain rule along the line } x+\varepsilon t
# $$
#
# because row $i$ of $H$ is the gradient of $\partial f/\partial x_i$. For the lecture's $f$ at $(3, -1)$, by hand: $H=\begin{pmatrix}14&10\\10&6\end{pmatrix}$, so $t=(1,2)$ gives $(34, 22)$.

# %%
# NBVAL_CHECK_OUTPUT
h = lambda p: p[0] * (p[0] + p[1]) ** 2
p, t = torch.tensor([3.0, -1.0]), torch.tensor([1.0, 2.0])
gradient, change_along_t = torch.func.jvp(torch.func.grad(h), (p,), (t,))
print("without H:", change_along_t)
print("with H   :", torch.func.hessian(h)(p) @ t)

# %% [markdown]
# ## What an engine says at a kink
#
# An engine differentiates your **program**, and at a kink each operation has a convention. So one function, written three ways, gets three
# slopes at 0. And relu(x) − relu(−x), which is x, loses its slope 1 there: so much for a kink that "does not matter".

# %%
# NBVAL_CHECK_OUTPUT
zero, grad = torch.tensor(0.0), torch.func.grad
print("relu(x)           ", grad(torch.relu)(zero).item())
print("maximum(x, 0)     ", grad(lambda x: torch.maximum(x, zero))(zero).item())
print("clamp(x, min=0)   ", grad(lambda x: x.clamp(min=0))(zero).item())
print("relu(x) - relu(-x)", grad(lambda x: torch.relu(x) - torch.relu(-x))(zero).item())

# %% [markdown]
# relu and abs take 0, leaky_relu its own slope; maximum splits a tie; clamp counts its bounds in; max over all splits ties
# equally, max along an axis takes the first; sqrt has slope ∞.

# %%
# NBVAL_CHECK_OUTPUT
tie = torch.tensor([2.0, 2.0])
print("max over all", grad(lambda x: x.max())(tie), "  along an axis", grad(lambda x: x.max(0).values)(tie))
print("abs", grad(torch.abs)(zero), "  sqrt", grad(torch.sqrt)(zero))
print("leaky_relu", grad(torch.nn.LeakyReLU(0.1))(zero))

# %% [markdown]
# A branch that is not taken can still spoil a gradient: `where` passes 0 back into it, and 0 times the root's slope ∞ is nan. The cure is a second
# `where` inside, which keeps the dangerous operation away from 0.

# %%
# NBVAL_CHECK_OUTPUT
careless = lambda x: torch.where(x > 0, x.sqrt(), zero)
careful = lambda x: torch.where(x > 0, torch.where(x > 0, x, torch.tensor(1.0)).sqrt(), zero)
print("one where:", grad(careless)(zero).item(), "  two:", grad(careful)(zero).item())

# %% [markdown]
# ## Break it
#
# Plant one slip at a time (`accumulate = False`, `swap = True`, `seed = 2.0`) and guess which node `follow` will name.

# %%
accumulate, swap, seed = True, False, 1.0


def broken_backward(root):
    gradients, nodes = {root: seed}, in_order(root)[::-1]
    if swap:
        nodes[2], nodes[3] = nodes[3], nodes[2]  # no topological order any more
    for node in nodes:
        for parent, share in zip(node.parents, node.op.backward(gradients[node]) if node.op else ()):
            gradients[parent] = gradients.get(parent, 0.0) + share if accumulate else share
        node.grad = gradients[node] if node.op is None else None


follow(broken_backward, program)

# %% [markdown]
# ## In your own words
#
# Finish the sentence: *An engine needs to know for each operation only …; the rest, … and …, is the same for every program.*
#
# ## Transfer

# %%
predict("09.transfer")

# %% [markdown]
# ## What comes next
#
# `dlcalc.autodiff` is this engine with more operations, in PyTorch's language. Lesson 10 trains with it:
# [10 Training](10_training.ipynb).
#
# **Sources.** Baydin, Pearlmutter, Radul and Siskind, JMLR 18(153), 2018. Griewank and Walther, *Evaluating Derivatives*, 2nd
# edition, 2008. Pearlmutter, Neural Computation 6 (1994), 147-160 (Hessian-vector products). Kakade and Lee, arXiv 1809.08530 (what an engine may
# claim at kinks).
