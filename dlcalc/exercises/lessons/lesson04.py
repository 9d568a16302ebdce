"""Lesson 04, activations and their derivatives: sigmoid, dsigmoid, dtanh, drelu, derivative_from_output."""

import math

import numpy as np

from dlcalc.exercises.exercise import Exercise, Slip, call

FAR = np.array([-1000.0, -40.0, 0.0, 40.0, 1000.0])


def _points(seed):
    """A number, a 0-d array, a vector, matrices (one of a single column), and the far ends."""
    rng = np.random.default_rng(seed)
    near = [float(rng.uniform(0.5, 2.0)), np.array(rng.uniform(-2.0, -0.5)), 0.0]
    # One entry near 0, where a slope is largest, and one on either side.
    vector = rng.uniform([-0.4, 0.6, -3.0], [-0.1, 3.0, -0.6])
    arrays = [vector, *(rng.normal(size=shape) * 2.0 for shape in ((2, 3), (2, 1)))]
    return [*near, -0.5, *arrays, FAR]


def _slope_cases(seed):
    return [call(z) for z in _points(seed)]


# --- 04.sigmoid ------------------------------------------------------------------------------------------------------


def sigmoid(z):
    """φ(z) = 1/(1 + e^{−z}), entry by entry.

    z is a number or an array; the result has the same shape. It is finite, and NumPy gives no overflow warning, even
    at z = ±1000.
    """
    decay = np.exp(-np.abs(z))
    return np.where(np.asarray(z) >= 0, 1.0, decay) / (1.0 + decay)


def _naive(z):
    return 1 / (1 + np.exp(-z))


def _naive_slope(z):
    return np.exp(-z) / (1 + np.exp(-z)) ** 2


SIGMOID = Exercise(
    id="04.sigmoid",
    points=2,
    reference=sigmoid,
    cases=_slope_cases,
    quiet="overflow at −1000",
    alternatives=(
        lambda z: 0.5 * (1 + np.tanh(np.asarray(z) / 2)),
        lambda z: np.exp(-np.logaddexp(0, -np.asarray(z))),
        lambda z: 1 / (1 + np.exp(-np.clip(z, -500, 500))),
        np.vectorize(lambda z: 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))),
    ),
    slips=(
        Slip(
            "overflow at −1000",
            "Right, but not at ±1000: exp of a large positive number overflows (a warning, or inf/inf = nan). Let exp "
            "see −|z| only, which is never positive.",
            _naive,
            lambda z: np.exp(z) / (1 + np.exp(z)),
            lambda z: np.where(np.asarray(z) >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z))),
        ),
        Slip(
            "sign of the exponent",
            "The exponent has the wrong sign, so this falls with z: φ(z) = 1/(1 + e^{−z}).",
            lambda z: sigmoid(-np.asarray(z)),
            lambda z: 1 / (1 + np.exp(z)),
        ),
        Slip("tanh for sigmoid", "This is tanh, from −1 to 1; the sigmoid goes from 0 to 1.", np.tanh),
        Slip(
            "if on an array",
            "One question was asked of the whole array (if, and, float): ask it of each entry with np.where.",
            lambda z: _naive(z) if z >= 0 else np.exp(z) / (1 + np.exp(z)),
        ),
        Slip(
            "φ′ for φ",
            "This is the derivative φ′(z) = v(1 − v); asked is φ(z) itself.",
            lambda z: sigmoid(z) * sigmoid(-np.asarray(z)),
            _naive_slope,
        ),
        Slip(
            "exponential alone",
            "This is e^{−z} or 1 + e^{−z}; the sigmoid is 1/(1 + e^{−z}).",
            lambda z: np.exp(-z),
            lambda z: 1 + np.exp(-z),
            np.exp,
        ),
        Slip(
            "|z| for z",
            "The sign of z is lost (−|z| stands where −z belongs), so that φ(−z) = φ(z): with the decay e^{−|z|}, "
            "negative z need decay/(1 + decay).",
            lambda z: 1 / (1 + np.exp(-np.abs(z))),
        ),
        Slip(
            "clipped too early",
            "z is clipped to a range that is too small, so that the tails are wrong: exp takes up to ±700.",
            lambda z: _naive(np.clip(z, -1, 1)),
            lambda z: _naive(np.clip(z, -5, 5)),
            lambda z: _naive(np.clip(z, -10, 10)),
        ),
    ),
    hints=(
        "e^{1000} does not fit a float. When is the argument of exp in 1/(1 + e^{−z}) large?",
        "For z < 0 multiply numerator and denominator by e^{z}: e^{z}/(1 + e^{z}).",
        "Both cases need e^{−|z|} only. np.where computes both branches, so make each of them harmless.",
    ),
    why="exp sees −|z| only, which is never positive, so it cannot overflow.",
)

# --- 04.dsigmoid -----------------------------------------------------------------------------------------------------


def dsigmoid(z):
    """The derivative of the sigmoid, φ′(z), entry by entry.

    z is a number or an array, the argument of φ (not its value); the result has the same shape and is finite at ±1000.
    """
    decay = np.exp(-np.abs(z))
    return decay / (1.0 + decay) ** 2


DSIGMOID = Exercise(
    id="04.dsigmoid",
    points=2,
    reference=dsigmoid,
    cases=_slope_cases,
    alternatives=(
        lambda z: sigmoid(z) * (1 - sigmoid(z)),
        lambda z: sigmoid(z) * sigmoid(-np.asarray(z)),
        lambda z: _naive(z) * (1 - _naive(z)),
        lambda z: (1 - np.tanh(np.asarray(z) / 2) ** 2) / 4,
        lambda z: 0.25 / np.cosh(np.clip(z, -300, 300) / 2) ** 2,
    ),
    slips=(
        Slip(
            "z(1−z)",
            "z(1 − z) was computed; the formula is v(1 − v) with v = φ(z): apply the sigmoid first.",
            lambda z: z * (1 - z),
        ),
        Slip(
            "σ′(σ(z))",
            "The sigmoid is applied twice, σ′(σ(z)): v(1 − v) takes v = σ(z) once.",
            lambda z: sigmoid(sigmoid(z)) * (1 - sigmoid(sigmoid(z))),
        ),
        Slip(
            "sign lost in the quotient rule",
            "The sign is wrong: (1/u)′ = −u′/u², and u = 1 + e^{−z} has u′ = −e^{−z}; the two minus signs cancel. The "
            "sigmoid grows, so its slope is positive.",
            {"return decay": "return -decay"},
            lambda z: -_naive_slope(z),
            lambda z: sigmoid(z) * (1 + sigmoid(z)),
        ),
        Slip(
            "φ for φ′",
            "This is φ(z) itself; asked is its derivative.",
            sigmoid,
            _naive,
        ),
        Slip(
            "exp′ = x",
            "The exponential was differentiated like a power: (e^{u})′ = u′·e^{u}, so (e^{−z})′ = −e^{−z}, without a "
            "factor z.",
            lambda z: z * np.exp(-z) / (1 + np.exp(-z)) ** 2,
            lambda z: -z * np.exp(-z) / (1 + np.exp(-z)) ** 2,
            lambda z: z * np.exp(-z - 1) / (1 + np.exp(-z)) ** 2,
            lambda z: -z * np.exp(-z - 1) / (1 + np.exp(-z)) ** 2,
            lambda z: z / (1 + np.exp(-z)) ** 2,
            lambda z: -z / (1 + np.exp(-z)) ** 2,
            lambda z: z * sigmoid(z) * (1 - sigmoid(z)),
        ),
        Slip(
            "square lost",
            "The denominator is not squared: (1/u)′ = −u′/u².",
            {"(1.0 + decay) ** 2": "(1.0 + decay)"},
            lambda z: np.exp(-z) / (1 + np.exp(-z)),
            lambda z: 1 - sigmoid(z),
        ),
        Slip(
            "inner derivative lost",
            "The factor e^{−z} is missing: 1/u² must be multiplied by u′.",
            {"return decay /": "return 1.0 /"},
            lambda z: sigmoid(z) ** 2,
            lambda z: -(sigmoid(z) ** 2),
        ),
        Slip(
            "1−v² for the sigmoid",
            "1 − v² is the derivative of tanh; for the sigmoid it is v(1 − v).",
            lambda z: 1 - sigmoid(z) ** 2,
            lambda z: 1 - np.tanh(z) ** 2,
        ),
        Slip(
            "overflow at −1000",
            "Right, but not at ±1000: there e^{−z} overflows and inf/inf is nan. Compute v(1 − v), or use e^{−|z|}.",
            _naive_slope,
            lambda z: np.exp(z) / (1 + np.exp(z)) ** 2,
        ),
    ),
    hints=(
        "Write φ = 1/u with u = 1 + e^{−z}. What is (1/u)′, and what is u′?",
        "φ′(z) = e^{−z}/(1 + e^{−z})². Can you write it with v = φ(z) alone?",
        "v(1 − v), where v = sigmoid(z) of your previous exercise. Check: φ′(0) = ¼.",
    ),
    why="φ′ is even, so e^{−|z|} serves on both sides of 0, and it neither overflows nor cancels.",
)

# --- 04.dtanh --------------------------------------------------------------------------------------------------------


def dtanh(z):
    """The derivative of tanh at z, entry by entry.

    z is a number or an array, the argument of tanh (not its value); the result has the same shape and is finite at
    ±1000.
    """
    return 1.0 - np.tanh(z) ** 2


DTANH = Exercise(
    id="04.dtanh",
    points=1,
    reference=dtanh,
    cases=_slope_cases,
    alternatives=(
        lambda z: 1 / np.cosh(np.clip(z, -300, 300)) ** 2,
        lambda z: 4 * sigmoid(2 * np.asarray(z)) * sigmoid(-2 * np.asarray(z)),
        lambda z: (1 - np.tanh(z)) * (1 + np.tanh(z)),
        lambda z: 4 / (np.exp(np.abs(z)) + np.exp(-np.abs(z))) ** 2,
    ),
    slips=(
        Slip(
            "1−z²",
            "1 − z² was computed; the formula is 1 − v² with v = tanh(z): apply tanh first.",
            {"np.tanh(z) ** 2": "z ** 2"},
        ),
        Slip(
            "v(1−v) for tanh",
            "v(1 − v) is the derivative of the sigmoid; for tanh it is 1 − v².",
            lambda z: np.tanh(z) * (1 - np.tanh(z)),
        ),
        Slip(
            "φ for φ′",
            "This is tanh itself; asked is its derivative.",
            np.tanh,
        ),
        Slip(
            "tanh′(tanh(z))",
            "tanh is applied twice: 1 − v² takes v = tanh(z) once.",
            {"np.tanh(z)": "np.tanh(np.tanh(z))"},
        ),
        Slip(
            "square lost",
            "The square is missing: 1 − v², not 1 − v.",
            {"** 2": "** 1"},
        ),
        Slip(
            "sign",
            "The sign is wrong: tanh grows, so its slope 1 − v² is positive.",
            {"1.0 - np.tanh(z) ** 2": "np.tanh(z) ** 2 - 1.0"},
            {"1.0 - ": "1.0 + "},
        ),
        Slip(
            "sech for sech²",
            "This is 1/cosh(z); the derivative is its square.",
            lambda z: 1 / np.cosh(np.clip(z, -300, 300)),
            lambda z: 1 / np.cosh(z),
        ),
        Slip(
            "derivative of the sigmoid",
            "This is the sigmoid's derivative; tanh(z) = 2σ(2z) − 1 has its own.",
            dsigmoid,
        ),
        Slip(
            "overflow at −1000",
            "Right, but not at ±1000: there e^{±z} overflows and inf/inf is nan. np.tanh takes any z.",
            lambda z: 1 - ((np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))) ** 2,
            lambda z: 4 * np.exp(2 * z) / (np.exp(2 * z) + 1) ** 2,
        ),
    ),
    hints=(
        "tanh = sinh/cosh: use the quotient rule, with sinh′ = cosh and cosh′ = sinh.",
        "The result can be written with v = tanh(z) alone. Check: tanh′(0) = 1.",
    ),
    why="(cosh² − sinh²)/cosh² = 1 − tanh².",
)

# --- 04.drelu --------------------------------------------------------------------------------------------------------


def drelu(z):
    """The derivative of ReLU at z, entry by entry: 1.0 where z > 0, else 0.0, at the kink z = 0 too.

    z is a number or an array, the argument of ReLU; the result has the same shape.
    """
    return np.where(np.asarray(z) > 0, 1.0, 0.0)


def _drelu_cases(seed):
    kink = np.array([[-0.5, 0.0], [-0.0, 0.5]])
    # Close to the kink too: a mask with a tolerance of its own is no step at 0.
    return [call(z) for z in (0.0, kink, *_points(seed), np.array([-1e-9, 1e-9, -3.0, 1000.0]))]


DRELU = Exercise(
    id="04.drelu",
    points=1,
    reference=drelu,
    cases=_drelu_cases,
    alternatives=(
        lambda z: (np.asarray(z) > 0).astype(float),
        lambda z: (np.asarray(z) > 0) * 1.0,
        lambda z: np.heaviside(z, 0.0),
        lambda z: np.maximum(np.sign(z), 0.0),
        lambda z: np.where(np.asarray(z) > 0, 1, 0),
        np.vectorize(lambda z: 1.0 if z > 0 else 0.0, otypes=[float]),
    ),
    slips=(
        Slip(
            "mask v ≥ 0",
            "The mask is all ones: v = max(z, 0) is never negative, so v ≥ 0 holds everywhere. Ask for z > 0.",
            lambda z: (np.maximum(z, 0) >= 0) * 1.0,
        ),
        Slip(
            "if on an array",
            "One question was asked of the whole array (if, and, float): ask it of each entry with np.where.",
            lambda z: 1.0 if z > 0 else 0.0,
            lambda z: float(z > 0),
            lambda z: max(z, 0.0) / z if z else 0.0,
        ),
        Slip(
            "1 at the kink",
            "At z = 0 this gives 1; the convention here is φ′(0) = 0, so ask for z > 0, not z ≥ 0.",
            {"> 0": ">= 0"},
        ),
        Slip(
            "threshold not at 0",
            "A small positive z gets 0: the step is at 0 exactly, so ask for z > 0, not for more than some threshold.",
            {"> 0": "> 1e-8"},
            {"> 0": "> 1e-3"},
            {"> 0": "> 0.5"},
            {"> 0": "> 1"},
        ),
        Slip(
            "½ at the kink",
            "At z = 0 this gives ½; the convention here is φ′(0) = 0.",
            lambda z: np.heaviside(z, 0.5),
        ),
        Slip(
            "φ for φ′",
            "This is ReLU itself; its derivative is 1 where z > 0, not z.",
            lambda z: np.maximum(z, 0.0),
        ),
        Slip(
            "sign for step",
            "This is −1 for negative z; ReLU is flat there, so its slope is 0.",
            np.sign,
            lambda z: np.where(np.asarray(z) > 0, 1.0, -1.0),
        ),
        Slip(
            "mirrored",
            "The slope is 1 on the wrong side: ReLU is flat for z < 0 and rises for z > 0.",
            {"> 0": "< 0"},
            {"> 0": "<= 0"},
        ),
        Slip(
            "flat everywhere",
            "This is 0 everywhere; ReLU rises with slope 1 where z > 0.",
            lambda z: np.zeros_like(np.asarray(z, float)),
        ),
        Slip(
            "leaky",
            "For z < 0 this is not 0: that is leaky ReLU.",
            {"1.0, 0.0": "1.0, 0.01"},
            {"1.0, 0.0": "1.0, 0.1"},
        ),
    ),
    hints=(
        "Look at the graph: what is the slope on the left, what on the right?",
        "np.where(condition, a, b) chooses entry by entry.",
    ),
    why="The value at the kink is a convention: φ′(0) := 0.",
)

# --- 04.derivative_from_output ---------------------------------------------------------------------------------------


def derivative_from_output(v, name):
    """φ′(z), computed from the output v = φ(z) alone.

    v is a number or an array; name is "sigmoid", "tanh" or "relu" (with φ′(0) = 0). The result has v's shape.
    """
    if name == "sigmoid":
        return v * (1 - v)
    if name == "tanh":
        return 1 - v**2
    return np.where(np.asarray(v) > 0, 1.0, 0.0)


def _outputs(seed):
    rng = np.random.default_rng(seed)
    inside = [float(rng.uniform(0.1, 0.9)), rng.uniform(0.05, 0.95, size=3), rng.uniform(0.05, 0.95, size=(2, 3))]
    signed = [rng.uniform(-0.95, 0.95, size=3), rng.uniform(-0.95, -0.05, size=(2, 1))]
    rectified = [
        np.array([0.0, 0.5, 2.0, 1e-9]),
        np.maximum(rng.normal(size=(3, 2)), 0.0),
        0.0,
        float(rng.uniform(0.1, 2)),
    ]
    named = [(inside, "sigmoid"), (signed, "tanh"), (rectified, "relu")]
    return [call(v, name) for values, name in named for v in values]


DERIVATIVE_FROM_OUTPUT = Exercise(
    id="04.derivative_from_output",
    points=2,
    reference=derivative_from_output,
    cases=_outputs,
    alternatives=(
        lambda v, name: {"sigmoid": v - v * v, "tanh": (1 - v) * (1 + v), "relu": np.sign(v)}[name],
        lambda v, name: {"sigmoid": v * (1 - v), "tanh": 1 - v * v, "relu": np.heaviside(v, 0)}[name],
    ),
    slips=(
        Slip(
            "φ applied again",
            "φ is applied once more to v, as if v were z: v = φ(z) already, so v(1 − v) and 1 − v² are all there is.",
            {"v * (1 - v)": "dsigmoid(v)", "1 - v**2": "dtanh(v)"},
            {"v * (1 - v)": "dsigmoid(v)"},
            {"1 - v**2": "dtanh(v)"},
        ),
        Slip(
            "mask v ≥ 0",
            "The mask is all ones: an output of ReLU is never negative, so v ≥ 0 always holds. Ask for v > 0.",
            {"np.asarray(v) > 0": "np.asarray(v) >= 0"},
        ),
        Slip(
            "if on an array",
            "One question was asked of the whole array (if, and, float): ask it of each entry with np.where.",
            {"np.where(np.asarray(v) > 0, 1.0, 0.0)": "1.0 if v > 0 else 0.0"},
        ),
        Slip(
            "v(1−v) for tanh",
            "v(1 − v) belongs to the sigmoid; for tanh it is 1 − v².",
            {"1 - v**2": "v * (1 - v)"},
        ),
        Slip(
            "1−v² for the sigmoid",
            "1 − v² belongs to tanh; for the sigmoid it is v(1 − v).",
            {"v * (1 - v)": "1 - v**2"},
            {"v * (1 - v)": "1 - v**2", "1 - v**2": "v * (1 - v)"},
        ),
        Slip(
            "square lost",
            "The square is missing: for tanh it is 1 − v².",
            {"1 - v**2": "1 - v"},
        ),
        Slip(
            "φ for φ′",
            "v itself was returned for ReLU; its slope is 1 where v > 0.",
            {"np.where(np.asarray(v) > 0, 1.0, 0.0)": "v"},
            lambda v, name: v,
        ),
        Slip(
            "sign",
            "A sign is wrong: all three functions grow, so no slope is negative.",
            {"v * (1 - v)": "v * (v - 1)"},
            {"1 - v**2": "v**2 - 1"},
            {"v * (1 - v)": "v * (v - 1)", "1 - v**2": "v**2 - 1"},
        ),
    ),
    hints=(
        "You have all three formulas from the exercises before; which of them need only v?",
        "For ReLU: v > 0 exactly where z > 0.",
    ),
    why="This is why a backward pass may forget z and keep v alone.",
)

EXERCISES = (SIGMOID, DSIGMOID, DTANH, DRELU, DERIVATIVE_FROM_OUTPUT)
