# %% [markdown]
# # 00 · Start here
#
# **The question.** How does a network with a million weights find out which of them to turn, and which way?
#
# Picture a mixing desk with a million knobs, the **weights**, and one needle that shows how wrong the result is. For each knob
# you want one number: how far does the needle move when you turn this knob a little? That number is a slope, as at school. To
# try the knobs one by one takes a million trials. **Backpropagation** gets all the slopes from one pass forward and one pass
# back, and there is nothing in it but the chain rule, used economically.
#
# In eleven lessons you work it out line by line, see every step move, and write every piece yourself, until your own code reads
# handwritten digits.
#
# *Time: about 10 minutes. You need: school calculus (slopes, the chain rule by name) and the basics of NumPy arrays.*

# %% [markdown]
# ## How a lesson works
#
# Click on the folded cell below, a bar with three dots, and press **Shift + Enter**: it runs, and the next cell is selected. This
# first one only installs dlcalc where it is missing. The second one loads what the lesson needs and shows nothing; that it has run
# you see by the number at its left. Go through each lesson like that, from top to bottom.

# %%
import numpy as np

from dlcalc.exercises import check, hint, predict, progress, solution
from dlcalc.figures import activation_and_slope
from dlcalc.widgets import flipbook

# %% [markdown]
# **First you predict.** You commit an answer before you see it. It costs no points, right or wrong; it makes you look more
# closely. The question is about two functions that you will meet again and again.

# %%
first_guess = predict("00.tangent")
first_guess

# %% [markdown]
# **Then you look.** The figure opens once you have committed. Drag the slider, use the arrow keys, or press play. Each figure
# comes with a task; the sentence under it says what there was to see.
#
# **Your task.** Find a z at which the sigmoid's tangent is the steeper one of the two. Is there more than one?

# %%
flipbook(activation_and_slope, z=(-6, 6, 0.1), locked_by=first_guess)

# %% [markdown]
# *Notice.* At every z < 0 ReLU is flat and the sigmoid is the steeper one; at every z > 0 it is the other way round. So "which
# is steeper?" has no answer until you say **where**: a slope belongs to a point. The lower curves collect the slopes of all
# points. You will learn in lesson 04 why they decide how well a deep network learns.

# %% [markdown]
# **Then you write.** Here is an answer to an exercise of lesson 02: the mean of the squared differences between predictions
# `y_hat` and **labels** `y`, which are the right answers. It has a mistake in it. Run both cells and read what `check` says.


# %%
def mse(y_hat, y):
    """Mean over all entries of (y_hat - y)², a number."""
    ### BEGIN SOLUTION
    return np.mean((y_hat - y) ** 2)  # mended: it was np.sum
    ### LEARNERS GET
    return np.sum((y_hat - y) ** 2)
    ### END SOLUTION


# %%
check("02.mse", mse)

# %% [markdown]
# **Your task.** Mend the mistake in the cell that defines `mse`, run that cell again, and then the check.
#
# A check costs nothing: try as often as you like. In an exercise you use NumPy (`np`) and what you wrote in earlier exercises of
# the same lesson; `dlcalc` itself is not at hand where a class is graded. If you are stuck, ask for a hint: each call of
# `hint` tells a little more. Once you have tried, `solution("02.mse")` shows a worked answer.

# %%
hint("02.mse")

# %% [markdown]
# **Last you break it.** At the end of each lesson you switch a planted bug on, watch what happens, say in one sentence what you
# have understood, and answer a question from new ground. Some answers are folded away: think first, then open them.
#
# <details><summary>Open me: what if something goes wrong?</summary>
#
# - `NameError: name 'np' is not defined`: the first code cell has not run since you opened the notebook. Run it.
# - A cell shows `[*]` and never ends: press ■ in the toolbar.
# - All is muddled: choose *Restart Kernel and Run All Cells* in the menu *Kernel*. What you wrote and your points stay.
#
# </details>

# %% [markdown]
# ## The map
#
# Lessons 01 and 02 say what a network computes and where its weights should go. Lessons 03 to 05 collect three tools: the chain
# rule, slopes of activations, and derivatives that are matrices. Lessons 06 to 08 put them together. In lessons 09 and 10 a program
# does it for you, and you know what it does.
#
# | lesson | you find out | minutes |
# |---|---|---|
# | [01 Forward propagation](01_forward_propagation.ipynb) | what the bias does to a decision line | 45 |
# | [02 The gradient and stochastic gradient descent](02_the_gradient_and_stochastic_gradient_descent.ipynb) | why a mini-batch points the right way on average | 45 |
# | [03 The smallest network](03_the_smallest_network.ipynb) | how a saturated unit kills one gradient and spares another | 35 |
# | [04 Activations and their derivatives](04_activations_and_their_derivatives.ipynb) | why ten sigmoid layers pass at most a millionth of a change | 45 |
# | [05 Taylor and the Jacobian](05_taylor_and_the_jacobian.ipynb) | what "derivative" means for a layer | 45 |
# | [06 The chain rule](06_the_chain_rule.ipynb) | why reverse order is cheap for many inputs and one output | 45 |
# | [07 Backpropagation, unit by unit](07_backpropagation_unit_by_unit.ipynb) | that each ∂ℓ/∂w is a product of two numbers you already have | 40 |
# | [08 Backpropagation in matrices](08_backpropagation_in_matrices.ipynb) | which of eighteen slips the shapes let through | 45 |
# | [09 Automatic differentiation](09_automatic_differentiation.ipynb) | how to build the engine, and step your own tape | 45 |
# | [10 Training](10_training.ipynb) | what is wrong with a network that trains although it is wrong | 45 |
#
# One notation runs through all of them: [NOTATION.md](NOTATION.md). The words stand in [GLOSSARY.md](GLOSSARY.md).

# %% [markdown]
# ## Where you stand
#
# Your points, attempts and predictions are kept on this computer alone. Run this cell whenever you want to see them. If you also
# said how sure you were of a prediction, it sets that against how often you were right.

# %%
progress()

# %% [markdown]
# ## What comes next
#
# A network computes before it learns. Lesson 01 follows one example from its inputs to the output:
# [01 Forward propagation](01_forward_propagation.ipynb).
#
# **Sources.** The course follows a lecture, *Introduction to Deep Learning: Calculus behind Backpropagation*. That a prediction
# made first teaches more than a demonstration watched: Crouch, Fagen, Callan and Mazur, *Classroom demonstrations: learning tools or
# entertainment?*, American Journal of Physics 72 (2004).
