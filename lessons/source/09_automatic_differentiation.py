# %% [markdown]
# # 09 · Automatic differentiation
#
# **The question.** You write only the forward pass. How can a machine know the gradient?
#
# In lesson 08 you derived a backward pass for one kind of network. Change the network, and you derive it anew. In this lesson you write an
# engine of five small pieces that does it for any program, and then you step through its work node by node.
#
# *Time: about 45 minutes. You need: lessons 06 to 08, Python classes.*

# %%
import numpy as np

from dlcalc import autodiff as torch
from dlcalc import tape_nodes
from dlcalc.exercises import check, hint, predict, solution
from dlcalc.figures import tape_in_steps
from dlcalc.tape_nodes import Add, Node, apply, compare_backward
from dlcalc.tape_recording import record
from dlcalc.widgets import explore, flipbook

# %% [markdown]
# ## What, why, how
#
# **What.** Automatic differentiation runs your program and notes every operation on a **tape**. The tape is a graph without cycles: nodes are
# values, edges lead from operands to results.
#
# **Why.** By hand a gradient is tedious and easy to get wrong; not slow (lesson 06: what is slow is naive expansion over paths). Finite
# differences need two losses for every weight, and are inexact.
#
# **How.** Forward: build the graph, keep the values that the way back will need. Backward: from the root to the leaves, each
# operation turns the gradient of its result, $\bar y$, into one share for each operand:
#
# $$
# \bar y = \frac{\partial \ell}{\partial y}, \qquad y = a \cdot b: \quad
# \bar a \mathrel{+}= \underbrace{\bar y}_{\text{comes in}} \; \underbrace{b}_{\partial y/\partial a}, \qquad
# \bar b \mathrel{+}= \bar y\, a \qquad \text{shares from all consumers are added}
# $$

# %% [markdown]
# ## The lecture's example
#
# $f(x, y) = x\,(x+y)^2$ at $(3, -1)$. Do it on paper first: $c = x + y$, $d = c^2$, $f = x\,d$, then backward. From $x$ to $f$ there are two
# paths, so two products are added.

# %%
twice = predict("09.twice")
twice

# %% [markdown]
# **Your task.** Step forward and back. Then switch `accumulate` off, and later choose depth-first order. Which gradient goes wrong, and at
# which step does it happen?

# %%
flipbook(
    tape_in_steps, step=(0, 11), example=["x·(x+y)²", "a·a"], accumulate=True,
    order=["topological", "depth-first"], show_stored=True, locked_by=twice,
)  # fmt: skip

# %% [markdown]
# *Notice.* A node may pass its gradient on only when **all** its consumers have added their shares. That is why the way back follows
# topological order, and why `+=` and not `=`.

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
# The second line shows what "accumulate" also means: gradients are added to what is there, and somebody has to clear them
# between two steps.

# %% [markdown]
# ## Build the engine
#
# A node has `.value`, `.parents` (a tuple), `.op` (None for a leaf, else with `.backward(y_bar)`, which gives one cotangent for each
# parent), `.requires_grad` and `.grad` (None at first). Nodes are hashed by identity.
#
# **One operation.** `forward` keeps what `backward` will need.


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
# **The order.** Parents before children, each node once, the root last. Recursion would do for small graphs; with a list as a stack it
# also does for a long one.


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
# **The backward pass.** Keep the gradients of inner nodes in a dictionary of your own; write only into the `.grad` of leaves that
# require it, and add there. Add with `a + b`, not with `+=`: a sum hands one and the same array to all its parents.


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
# **Broadcasting.** In `x + b` with shapes (5, 3) and (3,), NumPy copied $b$ five times. A value that was used five times gets five shares, and they are
# added: the gradient is summed over every axis along which the value was stretched.


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
# Now your operation and your backward pass run on a graph of their own. (Where one of them is not right yet, ours stands in, so that you see
# the figure all the same.)

# %%
YourMul = Mul if check("09.Mul", Mul).passed else tape_nodes.Mul
x, y = Node(3.0, name="x"), Node(-1.0, name="y")
c = apply(Add(), x, y, name="c")
d = apply(YourMul(), c, c, name="d")
f = apply(YourMul(), x, d, name="f")
compare_backward(backward, f)

# %%
your_tape = record(f, {node.name: node for node in (x, y, c, d, f)})


def your_tape_in_steps(figure, *, step=12, accumulate=True, order="topological"):
    return tape_in_steps(figure, tape=your_tape, step=step, accumulate=accumulate, order=order)


flipbook(
    your_tape_in_steps, step=(0, 12), accumulate=True, order=["topological", "depth-first"], size=(7.6, 4.1)
)  # fmt: skip

# %% [markdown]
# **Your task.** Make another graph in the cell above the figure, for instance $f = (x + y)\,(x + y)\,x\,x$, and predict both gradients before
# you step.

# %%
kept = predict("09.kept")
kept

# %% [markdown]
# ## Both directions, and second derivatives
#
# Reverse mode carries $\bar y$ back. Forward mode carries a direction $\dot x$ on: each operation turns it into $\dot y = J\dot x$ as it
# computes. Put one inside the other and you get second derivatives without ever forming the Hessian:
#
# $$
# \underbrace{H v}_{(n)} = \frac{d}{d\varepsilon}\,\nabla f(x + \varepsilon v)\Big|_{\varepsilon = 0} \qquad \text{forward mode, along } v \text{, through the program that computes } \nabla f \text{ in reverse.}
# $$

# %%
h = lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
p, v = torch.tensor([-1.2, 1.0]), torch.tensor([1.0, 2.0])
print("without H:", torch.func.jvp(torch.func.grad(h), (p,), (v,))[1].numpy().round(6))
print("with H   :", (torch.func.hessian(h)(p) @ v).numpy().round(6))

# %% [markdown]
# ## What an engine says at a kink
#
# One function, written three ways, gets three slopes at 0: the engine differentiates your **program**, operation by operation, by a
# convention for each. relu takes 0, a tie of maximum is split in halves, clamp counts its bounds in.

# %%
# NBVAL_CHECK_OUTPUT
zero = torch.tensor(0.0)
programs = {
    "relu(x)": torch.relu,
    "maximum(x, 0)": lambda x: torch.maximum(x, zero),
    "clamp(x, min=0)": lambda x: x.clamp(min=0),
}
for name, program in programs.items():
    print(f"{name:16s}", torch.func.grad(program)(zero).item())

# %% [markdown]
# A branch that is not taken can still spoil a gradient. `where` passes 0 back into the unselected branch, and $0 \cdot \sqrt{0}' = 0 \cdot \infty$ is nan.
# The cure is a second `where` inside, which keeps the dangerous operation away from 0.

# %%
# NBVAL_CHECK_OUTPUT
careless = lambda x: torch.where(x > 0, x.sqrt(), zero)
careful = lambda x: torch.where(x > 0, torch.where(x > 0, x, torch.tensor(1.0)).sqrt(), zero)
print("one where:", torch.func.grad(careless)(zero).item(), "  two:", torch.func.grad(careful)(zero).item())

# %% [markdown]
# ## Break it
#
# Plant a slip in a copy of the backward pass. `compare_backward` names the first node that disagrees; say why it is that one.

# %%
overwrite, wrong_order = True, False


def broken_backward(root):
    gradients = {root: 1.0}
    for node in [f, x, d, c, y] if wrong_order else [f, d, c, x, y]:
        for parent, share in zip(node.parents, node.op.backward(gradients[node]) if node.op else ()):
            gradients[parent] = share if overwrite or parent not in gradients else gradients[parent] + share
        node.grad = gradients[node] if node.op is None else None


compare_backward(broken_backward, f)

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
# `dlcalc.autodiff` is this engine with more operations, and it speaks PyTorch's language. Lesson 10 trains with it:
# [10 Training](10_training.ipynb).
#
# **Sources.** Baydin, Pearlmutter, Radul and Siskind, JMLR 18(153), 2018. Griewank and Walther, *Evaluating Derivatives*, 2nd
# edition, 2008. Pearlmutter, Neural Computation 6 (1994), 147-160 (Hessian-vector products). Kakade and Lee, arXiv 1809.08530 (what an engine may
# claim at kinks).
