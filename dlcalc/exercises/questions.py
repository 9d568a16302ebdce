"""The questions of the course: predictions to commit before a figure moves, and quick ones, with feedback."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """One answer to choose, and what to say to whoever chooses it."""

    key: str
    text: str
    feedback: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with choices, or one whose answer is a number.

    Parameters
    ----------
    id : str
        "<lesson>.<words>".
    text : str
    choices : tuple of Choice
        Empty where a number is asked.
    number : float
        The number, where there are no choices.
    within : float
        A factor: from number/within to number·within counts as right.
    reveal : str
        What to say to a number.
    """

    id: str
    text: str
    choices: tuple[Choice, ...] = ()
    number: float = math.nan
    within: float = 1.1
    reveal: str = ""

    def accept(self, value: object) -> tuple[str | float | None, str]:
        """The value as an answer, or None and what is wrong with it."""
        if self.choices:
            keys = [choice.key for choice in self.choices]
            key = value.strip().lower() if isinstance(value, str) else None
            return (key, "") if key in keys else (None, f"Choose one of {', '.join(keys)}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None, "The answer is a number."
        return float(value), ""

    def is_right(self, value: str | float) -> bool:
        """Whether an accepted answer is right."""
        if self.choices:
            return any(choice.right for choice in self.choices if choice.key == value)
        low, high = sorted((self.number / self.within, self.number * self.within))
        return low <= float(value) <= high

    def feedback(self, value: str | float) -> str:
        """What to say to an accepted answer."""
        if self.choices:
            return next(choice.feedback for choice in self.choices if choice.key == value)
        return f"you said {float(value):.4g}; {self.reveal}"


def _choose(name: str, text: str, *choices: tuple[str, str], right: str) -> Question:
    """A question with choices (text, feedback), keyed a, b, c in order; `right` is the key of the right one."""
    keyed = (
        Choice(key, answer, feedback, key == right) for key, (answer, feedback) in zip("abcde", choices, strict=False)
    )
    return Question(name, text, tuple(keyed))


_ALL = (
    _choose(
        "00.slider",
        "You will move a slider. What is better: to guess first what the picture will do, or to try it out first?",
        ("Guess first", "a guess that fails is remembered; that is why each figure here asks for one."),
        ("Try first", "one sees what one expects; guessing first showed better learning in lecture demonstrations."),
        right="a",
    ),
    _choose(
        "00.tangent",
        "The sigmoid is an S between 0 and 1; ReLU is 0 for z ≤ 0 and z for z > 0. Whose steepest tangent is steeper?",
        ("The sigmoid's", "it is steepest at z = 0, with slope ¼; ReLU has slope 1 for every z > 0."),
        ("ReLU's", "its slope is 1 for every z > 0; the sigmoid's is never above ¼."),
        ("Both reach the same", "the sigmoid's slope is never above ¼, ReLU's is 1 for every z > 0."),
        right="b",
    ),
    _choose(
        "01.bias",
        "A unit separates the plane by the line w·x + b = 0. What does a larger b do to the line?",
        ("It turns it", "w alone gives the direction: b appears in no slope."),
        ("It shifts it", "the direction belongs to w, the bias moves the line without turning it."),
        ("Nothing", "the line is where w·x = −b, so it depends on b."),
        right="b",
    ),
    _choose(
        "01.argmax",
        "A network answers with the place of its largest output. What can change its answer?",
        ("Adding 100 to every output", "the order of the outputs stays, so the largest one stays where it is."),
        ("Softmax on the outputs", "eᵗ grows with t and all are divided by one sum: the order stays."),
        ("ReLU on the outputs", "if all outputs are negative, all become 0: a tie, and the lowest index wins."),
        right="c",
    ),
    _choose(
        "01.two-linear-layers",
        "A network of two linear layers without φ between them can represent …",
        ("more than one linear layer", "W̄₂(W̄₁x + b₁) + b₂ is one matrix and one bias again."),
        ("no more than one linear layer", "the product of two matrices is a matrix: without φ depth adds nothing."),
        right="b",
    ),
    _choose(
        "02.is-gradient-descent",
        "Backpropagation is gradient descent.",
        (
            "True",
            "backpropagation computes the gradient; descending along it is the optimizer's work, and another step.",
        ),
        ("False", "backpropagation computes the gradient, gradient descent uses it."),
        right="b",
    ),
    _choose(
        "02.direction",
        "Where does −∇ℓ point in a long, narrow valley of the loss?",
        ("At the minimum", "it is perpendicular to the contour: in a narrow valley that is almost straight across."),
        (
            "Perpendicular to the contour, as a rule not at the minimum",
            "steepest descent is local: it sees one contour.",
        ),
        ("Along the valley", "that is the flattest way, not the steepest."),
        right="b",
    ),
    _choose(
        "02.units",
        "One weight, ŷ = w·x. The inputs now come in centimetres, not metres: every x is 100 times larger. The "
        "largest η that still converges becomes …",
        ("100 times smaller", "x enters twice, once in the error and once in its slope: λ is the mean of 2x²."),
        ("10 000 times smaller", "the threshold is 2/λ, and λ, the mean of 2x², has become 10 000 times larger."),
        (
            "no different",
            "that would be so if the labels y changed their unit: λ does not contain y, but it contains x.",
        ),
        right="b",
    ),
    _choose(
        "03.saturated",
        "In f = w·φ(w′x) with the sigmoid, let z = w′x be 10. Which derivative nearly vanishes?",
        ("∂f/∂w (last weight)", "∂f/∂w = φ(z), which is nearly 1 at z = 10."),
        ("∂f/∂w′ (first weight)", "∂f/∂w′ = w φ′(z) x, and φ′(10) is about 4.5e−5."),
        ("Both", "only what goes through φ is multiplied by its slope; ∂f/∂w = φ(z) is nearly 1."),
        right="b",
    ),
    Question(
        "03.product",
        "w = 2, w′ = 0.5, x = 3, y = 1, ℓ = (f − y)²: how large is ∂ℓ/∂w′?",
        number=1.1367625534170318,
        reveal="it is 1.1368 = 2(f − y) · w · φ′(1.5) · 3.",
    ),
    _choose(
        "03.relu",
        "Now φ is ReLU and z = w′x = −2. Which gradients of ℓ = (f − y)² are 0, if y = 1?",
        ("Only ∂ℓ/∂w′ (first weight)", "∂ℓ/∂w = δ·v, and v = relu(−2) = 0, so that one is 0 too."),
        ("Only ∂ℓ/∂w (last weight)", "∂ℓ/∂w′ goes through φ′(z), which is 0 for z < 0."),
        ("Both", "v = 0 and φ′(z) = 0: for this example the unit learns nothing. Lesson 04 calls it inactive."),
        ("Neither", "f = 0 and y = 1, so δ = −2 is not 0, but what it is multiplied by is."),
        right="c",
    ),
    _choose(
        "04.steepest",
        "Where is the sigmoid 1/(1 + e⁻ᶻ) steepest, and how steep is it there?",
        ("At z = 0, with slope 1", "z = 0 is right, but from z = −1 to 1 it only rises from 0.27 to 0.73."),
        ("At z = 0, with slope ¼", "(1 − v)v is largest at v = ½, which is z = 0."),
        ("Far out, where it nearly reaches 1", "there it is almost flat: between 5 and 10 it gains less than 0.007."),
        right="b",
    ),
    Question(
        "04.ten-layers",
        "The sigmoid's slope is at most ¼. By which factor do ten sigmoid layers scale a gradient at most (weights 1)?",
        number=0.25**10,
        within=2.0,
        reveal="it is 0.25¹⁰ ≈ 9.5e−7.",
    ),
    _choose(
        "04.relu-slope",
        "Which slopes can ReLU pass on?",
        ("Any from 0 to 1", "ReLU has two pieces, one flat and one with slope 1; nothing between them."),
        ("Exactly 0 or exactly 1", "so it neither shrinks nor grows a gradient, but it can stop it."),
        ("At most ¼", "that is the bound of the sigmoid's slope."),
        right="b",
    ),
    _choose(
        "04.softsign",
        "φ(z) = z/(1 + |z|) has its largest slope at z = 0. Do ten layers of it fade a gradient as ten sigmoids do?",
        ("Yes, the largest slope is ¼ too", "near 0 the denominator is nearly 1, so φ(z) ≈ z: the slope there is 1."),
        (
            "Not if every z is near 0: the largest slope is 1",
            "φ′(z) = 1/(1 + |z|)², which is 1 at 0; but at |z| = 1 it is ¼ as well.",
        ),
        ("Never: its slopes are all 1", "only at 0; already at |z| = 1 the slope is ¼."),
        right="b",
    ),
    _choose(
        "05.step",
        "A forward difference with step 1e−12 in place of 1e−8 is …",
        ("more exact", "f(x+h) − f(x) is rounded, and dividing by h = 1e−12 lifts this error 10,000 times as high."),
        ("less exact", "rounding: f(x+h) − f(x) loses digits, and dividing by h = 1e−12 lifts the rest."),
        right="b",
    ),
    Question(
        "05.taylor-slope",
        "The error of the second-order Taylor expansion against the distance, on a log-log plot: which slope?",
        number=3.0,
        within=1.02,
        reveal="it is 3: the first term left out is of third order.",
    ),
    _choose(
        "05.transfer",
        "A layer has 784 inputs and 10 outputs, and φ is applied to each output. How many entries of its Jacobian with "
        "respect to the inputs can differ from 0, and how many of ∂z/∂W?",
        ("7840 and 7840", "∂z/∂W has 10 · 7840 entries, and in the row of z_k only those of row k of W are not 0."),
        ("10 and 7840", "diag(φ′) is diagonal, but multiplied by W̄ it gives a full 10 × 784 matrix."),
        ("7840 and 78400", "of the 78400 entries of ∂z/∂W only [k = i] v_j remain, a tenth of them."),
        right="a",
    ),
    _choose(
        "06.order",
        "A network has 1000 inputs and one output. Which order of multiplying its Jacobians is cheaper?",
        ("Forward, from the inputs", "that carries a matrix with 1000 columns through all layers."),
        ("Reverse, from the output", "that carries a single row through all layers."),
        ("Both the same", "the product is the same, the number of multiplications is not."),
        right="b",
    ),
    Question(
        "06.paths",
        "x feeds a and b, and both feed f; the derivatives are 2, 3 (to a, b) and 5, 7 (to f). How large is ∂f/∂x?",
        number=31.0,
        within=1.001,
        reveal="it is 2·5 + 3·7 = 31: multiply along a path, add over paths.",
    ),
    _choose(
        "06.transfer",
        "A program has 3 inputs and 1,000,000 outputs, and you need the whole Jacobian. Which mode do you choose?",
        ("Reverse", "that would carry a million rows, one for each output."),
        ("Forward", "three columns, one for each input, go through the program once."),
        ("Path by path", "paths share most of their edges; walking each one repeats the work."),
        right="b",
    ),
    _choose(
        "07.bias-node",
        "What is the error signal δ of the bias node?",
        ("1", "1 is its value v; nothing flows into it."),
        ("It has none", "no weight leads into it, so it has no z; the weight from it gets δ_j · 1."),
        ("The sum of the others", "nothing flows back into a constant."),
        right="b",
    ),
    _choose(
        "07.transfer",
        "One hidden unit of 100 has φ′(z) = 0 for this example. Which gradients are 0 because of it?",
        ("Those of all weights into that unit", "its δ is 0, and each of these gradients is δ times a value."),
        ("Those of all weights out of that unit", "they are δ_k v_j: v_j = φ(z_j) need not be 0, only φ′(z_j) is."),
        ("All in its layer", "the other units have error signals of their own."),
        right="a",
    ),
    _choose(
        "08.square",
        "Your backward pass runs without an error on a 3-3-3 network with N = 3. What do you know?",
        ("It is right", "with square shapes a missing transpose runs too, silently wrong."),
        ("That the shapes fit, and with square ones they nearly always do", "use widths and N that all differ."),
        right="b",
    ),
    Question(
        "08.evaluations",
        "A 5-3-1 network has 22 parameters. How many losses does a check by central differences compute?",
        number=44.0,
        within=1.001,
        reveal="it is 2 · 22 = 44, where backpropagation takes one backward pass.",
    ),
    _choose(
        "08.transfer",
        "A colleague's gradient check on a ReLU network gives 3e−6 in float64, and 2e−11 after a change of the seed. "
        "What do you suspect first?",
        ("A wrong factor", "a wrong factor gives an error of its own size, such as 0.3, and for every seed."),
        ("A pre-activation so near 0 that ±h crosses the kink", "so skip that entry, or choose another point."),
        ("float32", "float32 would give about 1e−3, and for every seed."),
        right="b",
    ),
    _choose(
        "09.twice",
        "In a·a the node a is used twice. What happens if backward writes .grad = … in place of .grad += …?",
        ("Nothing", "the second contribution overwrites the first."),
        (
            "The gradient is half of what it should be",
            "one of the two equal contributions a is lost: a in place of 2a.",
        ),
        ("An error is raised", "nothing complains; the number is just wrong."),
        right="b",
    ),
    _choose(
        "09.kept",
        "What should the operation exp keep for the backward pass?",
        ("Its input only", "possible, but it would compute exp once more; its output is its own derivative."),
        ("Its output", "exp′ = exp, so the output is all that is needed."),
        ("Nothing", "the local derivative depends on the value, so something must be kept."),
        right="b",
    ),
    _choose(
        "09.transfer",
        "A program computes y = x if x > 0 else 0.1·x. You differentiate it with the tape at x = 3. What is recorded?",
        ("Both branches and the comparison", "only what was carried out is on the tape; a comparison has no gradient."),
        ("The branch that ran", "so the slope is 1 at x = 3: the tape knows this run of the program and no other."),
        ("Nothing: an if cannot be differentiated", "the operations of the branch that ran are on the tape as usual."),
        right="b",
    ),
    _choose(
        "10.no-flatten",
        "Without Flatten, an output (N, 1) meets labels (N,). What does the network learn?",
        ("Nothing, an error is raised", "(N, 1) and (N,) broadcast to (N, N); PyTorch only warns."),
        ("The mean of the labels", "every output is compared with every label, and their mean is the best answer."),
        ("The same as with Flatten", "the loss then compares every output with every label."),
        right="b",
    ),
    _choose(
        "10.no-zero-grad",
        "Without zero_grad the gradients of all steps add up. What does the loss curve look like?",
        ("Slower", "on the contrary: the steps grow."),
        (
            "It swings down and up again, like a pendulum without friction",
            "the sum acts like momentum that never fades.",
        ),
        ("The same", "each step would then use its own gradient only."),
        right="b",
    ),
    _choose(
        "10.transfer",
        "Training loss 0.01, held-out accuracy 11 % on ten digits, and all gradient checks pass. What do you suspect?",
        ("A wrong gradient", "the checks pass, and with a wrong gradient the training loss would hardly reach 0.01."),
        ("Labels and held-out images do not belong together", "11 % is chance: shuffled apart, or scaled differently."),
        ("Too few hidden units", "then the training loss would stay high as well."),
        right="b",
    ),
)

QUESTIONS: dict[str, Question] = {question.id: question for question in _ALL}
