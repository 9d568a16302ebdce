"""Lesson 03, the smallest network f = w φ(w′x): f, partials, loss_grads."""

import math

import numpy as np

from dlcalc.exercises.exercise import Exercise, Slip, call, parts

# Learning rates of a weight that was updated too early.
RATES = (
    2.0,
    1.0,
    0.9,
    0.8,
    0.75,
    0.7,
    0.6,
    0.5,
    0.4,
    0.3,
    0.25,
    0.2,
    0.15,
    0.1,
    0.05,
    0.03,
    0.02,
    0.01,
    0.005,
    0.003,
    0.001,
    0.0001,
)
COMMON_RATES = (1.0, 0.5, 0.1, 0.05, 0.01, 0.001)


# In every column, and in z = w′x, and in f − y (the sign of w where y has the other), both signs: an absolute value in
# the wrong place shows at any seed.
SIGNS = np.array([[1, 1, -1, -1], [-1, 1, 1, 1], [1, -1, -1, -1], [-1, -1, 1, 1], [1, 1, 1, -1]])


def _numbers(seed, count):
    """Cases of `count` floats each, the lecture's w = 2, w′ = 0.5, x = 3, y = 1 first."""
    rng = np.random.default_rng(seed)
    drawn = rng.uniform(0.4, 1.9, size=SIGNS.shape) * SIGNS
    # With w large the derivatives leave [−1, 1], the range of most of the others.
    drawn[-1, 0] *= 8.0
    return [call(*(2.0, 0.5, 3.0, 1.0)[:count]), *(call(*row) for row in drawn[:, :count].tolist())]


# --- 03.f ------------------------------------------------------------------------------------------------------------


def f(w, wp, x):
    """The smallest network, f = w·φ(w′·x) with φ = sigmoid; wp stands for w′.

    w, wp and x are floats. The result is a float.
    """
    z = wp * x
    v = 1 / (1 + np.exp(-z))
    return w * v


F = Exercise(
    id="03.f",
    points=1,
    reference=f,
    cases=lambda seed: _numbers(seed, 3),
    alternatives=(
        lambda w, wp, x: w / (1 + math.exp(-wp * x)),
        lambda w, wp, x: np.array(w * 0.5 * (1 + np.tanh(wp * x / 2))),
        lambda w, wp, x: w * math.exp(wp * x) / (1 + math.exp(wp * x)),
    ),
    slips=(
        Slip(
            "composition treated as a product",
            "The composition φ(w′·x) was taken for a product: w′ is multiplied with x inside, then φ is applied.",
            {"z = wp * x": "z = wp", "w * v": "w * v * x"},
            {"z = wp * x": "z = x", "w * v": "w * v * wp"},
            {"w * v": "w * v * x"},
            {"w * v": "w * v * z"},
        ),
        Slip(
            "w inside φ",
            "w stands inside φ; f = w·φ(w′x) multiplies by w after φ.",
            {"z = wp * x": "z = w * wp * x", "w * v": "v"},
            {"z = wp * x": "z = w * wp * x"},
        ),
        Slip("φ left out", "φ is missing: this is w·w′·x.", {"w * v": "w * z"}),
        Slip("w left out", "w is missing: this is v = φ(w′x), not yet f.", {"w * v": "v"}),
        Slip("weights swapped", "w and w′ are swapped: w′ acts before φ, w after it.", lambda w, wp, x: f(wp, w, x)),
        Slip(
            "sign of the exponent",
            "The exponent has the wrong sign: φ(z) = 1/(1 + e^{−z}), which grows with z.",
            {"np.exp(-z)": "np.exp(z)"},
        ),
        Slip("tanh for sigmoid", "φ is tanh here; asked is the sigmoid.", {"1 / (1 + np.exp(-z))": "np.tanh(z)"}),
        Slip(
            "sum for product",
            "w′ and x were added: z = w′·x.",
            {"wp * x": "wp + x"},
        ),
        Slip(
            "φ′ for φ",
            "φ′(z) was used in place of φ(z).",
            {"w * v": "w * v * (1 - v)"},
        ),
    ),
    hints=(
        "Go through the gears one at a time: x → z → v → f.",
        "z = wp * x, v = 1 / (1 + np.exp(-z)), f = w * v.",
    ),
    why="At w = 2, w′ = 0.5, x = 3 this is 1.6351489523872873.",
)

# --- 03.partials -----------------------------------------------------------------------------------------------------


def partials(w, wp, x):
    """The partial derivatives (∂f/∂w, ∂f/∂w′, ∂f/∂x) of f = w·φ(w′·x) with φ = sigmoid; wp stands for w′.

    w, wp and x are floats. The result is three floats in this order.
    """
    z = wp * x
    v = 1 / (1 + np.exp(-z))
    slope = v * (1 - v)
    df_dw = v
    df_dwp = w * slope * x
    df_dx = w * slope * wp
    return df_dw, df_dwp, df_dx


def partials_by_exponentials(w, wp, x):
    decay = math.exp(-wp * x)
    slope = decay / (1 + decay) ** 2
    return [1 / (1 + decay), np.array(w * slope * x), np.float64(w * slope * wp)]


def _partials_as_product(w, wp, x):
    """The derivatives of w·φ(w′)·x."""
    v = 1 / (1 + np.exp(-wp))
    return v * x, w * v * (1 - v) * x, w * v


PARTIALS = Exercise(
    id="03.partials",
    points=3,
    reference=partials,
    cases=lambda seed: _numbers(seed, 3),
    label=parts("∂f/∂w", "∂f/∂w′", "∂f/∂x"),
    alternatives=(partials_by_exponentials,),
    slips=(
        Slip(
            "df/dw = φ′(z)",
            "∂f/∂w was given as φ′(z): f = w·v is linear in w, so its slope there is v = φ(z).",
            {"df_dw = v": "df_dw = slope"},
        ),
        Slip(
            "missing x",
            "The last factor x is missing from ∂f/∂w′: the innermost derivative is ∂z/∂w′ = x.",
            {"w * slope * x": "w * slope"},
        ),
        Slip(
            "missing w′",
            "The last factor w′ is missing from ∂f/∂x: the innermost derivative is ∂z/∂x = w′.",
            {"w * slope * wp": "w * slope"},
        ),
        Slip(
            "missing x and w′",
            "The innermost derivatives are missing: ∂z/∂w′ = x and ∂z/∂x = w′.",
            {"w * slope * x": "w * slope", "w * slope * wp": "w * slope"},
        ),
        Slip(
            "missing w",
            "The factor w is missing: ∂f/∂v = w is the first factor of the chain.",
            {"w * slope * x": "slope * x", "w * slope * wp": "slope * wp"},
            {"w * slope * x": "slope * x"},
            {"w * slope * wp": "slope * wp"},
        ),
        Slip(
            "φ for φ′",
            "φ(z) stands where φ′(z) belongs: going through φ multiplies by its slope v(1 − v), not by its value v.",
            {"slope = v * (1 - v)": "slope = v"},
        ),
        Slip(
            "φ′(x), φ′(w′)",
            "φ′ was taken at x or at w′: it belongs at z = w′x, where φ was applied.",
            lambda w, wp, x: (_v(wp * x), w * _slope(x) * x, w * _slope(x) * wp),
            lambda w, wp, x: (_v(wp * x), w * _slope(wp) * x, w * _slope(wp) * wp),
            lambda w, wp, x: (_v(wp * x), w * _slope(wp) * x, w * _slope(x) * wp),
            lambda w, wp, x: (_v(wp * x), w * _slope(x) * x, w * _slope(wp) * wp),
        ),
        Slip(
            "φ′(v)",
            "φ′ was taken at v = φ(z), so the sigmoid is applied twice: φ′(z) = v(1 − v) needs no further φ.",
            {"slope = v * (1 - v)": "slope = _slope(v)"},
        ),
        Slip(
            "z(1−z)",
            "The slope was computed from z; v(1 − v) needs v = φ(z).",
            {"slope = v * (1 - v)": "slope = z * (1 - z)"},
        ),
        Slip(
            "composition treated as a product",
            "The composition φ(w′x) was treated as a product: the chain rule multiplies the derivative of the outer "
            "function, at z, by the derivative of the inner one.",
            _partials_as_product,
            {"w * slope * x": "w * (slope * x + v)", "w * slope * wp": "w * (slope * wp + v)"},
            {"w * slope * x": "w * (slope + v * x)", "w * slope * wp": "w * (slope + v * wp)"},
            {"w * slope * x": "v + w * slope * x", "w * slope * wp": "v + w * slope * wp"},
            lambda w, wp, x: (_v(wp) * _v(x), w * _slope(wp) * _v(x), w * _v(wp) * _slope(x)),
        ),
        Slip(
            "φ′ missing",
            "φ′(z) is missing from the chain: x → z → v → f has three local derivatives.",
            {"w * slope * x": "w * x", "w * slope * wp": "w * wp"},
        ),
        Slip(
            "x and w′ swapped",
            "x and w′ are swapped: ∂z/∂w′ = x and ∂z/∂x = w′.",
            {"w * slope * x": "w * slope * wp", "w * slope * wp": "w * slope * x"},
        ),
        Slip(
            "sign of φ′",
            "The sign of φ′ is wrong: the sigmoid grows, so its slope v(1 − v) is positive.",
            {"slope = v * (1 - v)": "slope = v * (v - 1)"},
        ),
        Slip(
            "w in df/dw",
            "∂f/∂w still holds w: f = w·v has the slope v in w.",
            {"df_dw = v": "df_dw = w * v"},
        ),
    ),
    hints=(
        "Write the chain x → z → v → f with the local derivative on each arrow.",
        "∂f/∂v = w, ∂v/∂z = φ′(z) = v(1 − v), ∂z/∂w′ = x, ∂z/∂x = w′, and ∂f/∂w = v.",
        "Each answer is the product along the way from the variable to f.",
    ),
    why="The products along the ways: v, then w·φ′(z)·x and w·φ′(z)·w′.",
)


def _v(z):
    return 1 / (1 + np.exp(-z))


def _slope(z):
    return _v(z) * _v(-z)


# --- 03.loss_grads ---------------------------------------------------------------------------------------------------


def loss_grads(w, wp, x, y):
    """The derivatives (∂ℓ/∂w, ∂ℓ/∂w′) of the loss ℓ = (f − y)² of f = w·φ(w′·x), φ = sigmoid; wp stands for w′.

    w, wp, x and y are floats. The result is two floats in this order.
    """
    z = wp * x
    v = 1 / (1 + np.exp(-z))
    delta = 2 * (w * v - y)
    dw = delta * v
    delta_hidden = delta * w * v * (1 - v)
    return dw, delta_hidden * x


def loss_grads_by_numbers(w, wp, x, y):
    decay = math.exp(-wp * x)
    error = w / (1 + decay) - y
    return [np.float64(2 * error / (1 + decay)), np.array(2 * error * w * x * decay / (1 + decay) ** 2)]


LOSS_GRADS = Exercise(
    id="03.loss_grads",
    points=2,
    reference=loss_grads,
    cases=lambda seed: _numbers(seed, 4),
    label=parts("∂ℓ/∂w", "∂ℓ/∂w′"),
    alternatives=(loss_grads_by_numbers,),
    slips=(
        Slip(
            "w updated before",
            "w was updated before ∂ℓ/∂w′ was computed: both derivatives are taken at the same weights.",
            *({"dw = delta * v": f"dw = delta * v; w = w - {rate} * dw"} for rate in RATES),
            *(
                {"dw = delta * v": f"dw = delta * v; w = w - {rate} * dw; delta = 2 * (w * v - y)"}
                for rate in COMMON_RATES
            ),
        ),
        Slip("factor 2", "The factor 2 is missing: ∂ℓ/∂f = 2(f − y).", {"2 * (w * v - y)": "(w * v - y)"}),
        Slip("sign", "The sign is wrong: ∂ℓ/∂f = 2(f − y), not 2(y − f).", {"w * v - y": "y - w * v"}),
        Slip(
            "φ for φ′",
            "φ(z) stands where φ′(z) = v(1 − v) belongs.",
            {"delta * w * v * (1 - v)": "delta * w * v"},
        ),
        Slip(
            "φ′ missing",
            "φ′(z) is missing: δ′ = φ′(z)·w·δ.",
            {"delta * w * v * (1 - v)": "delta * w"},
        ),
        Slip(
            "composition as a product",
            "The composition φ(w′x) was differentiated by the product rule: there is one product of slopes, φ′(z)·x, "
            "and nothing is added.",
            {"delta_hidden * x": "delta * w * (v + v * (1 - v) * x)"},
            {"delta_hidden * x": "delta * (v + w * v * (1 - v) * x)"},
            {"delta_hidden * x": "delta * w * (v * x + v * (1 - v))"},
        ),
        Slip(
            "missing w",
            "The factor w is missing: the error signal goes back through w, δ′ = φ′(z)·w·δ.",
            {"delta * w * v * (1 - v)": "delta * v * (1 - v)"},
        ),
        Slip(
            "missing x",
            "The factor x is missing: ∂ℓ/∂w′ = δ′·x.",
            {"delta_hidden * x": "delta_hidden"},
        ),
        Slip(
            "w′ for x",
            "The last factor is wrong: ∂z/∂w′ is x, not w′.",
            {"delta_hidden * x": "delta_hidden * wp"},
        ),
        Slip(
            "df/dw = φ′(z)",
            "∂f/∂w was given as φ′(z): f = w·v is linear in w, so its slope there is v.",
            {"dw = delta * v": "dw = delta * v * (1 - v)"},
        ),
        Slip(
            "φ′(x), φ′(w′)",
            "φ′ was taken at x or at w′; it belongs at z = w′x.",
            {"delta * w * v * (1 - v)": "delta * w * _slope(x)"},
            {"delta * w * v * (1 - v)": "delta * w * _slope(wp)"},
        ),
        Slip(
            "φ′(v)",
            "φ′ was taken at v = φ(z), so the sigmoid is applied twice.",
            {"delta * w * v * (1 - v)": "delta * w * _slope(v)"},
        ),
        Slip(
            "z for v",
            "∂ℓ/∂w = δ·v with v = φ(z); here z stands in its place.",
            {"dw = delta * v": "dw = delta * z"},
        ),
        Slip(
            "gradient of f",
            "These are the derivatives of f; those of ℓ have the further factor ∂ℓ/∂f = 2(f − y).",
            {"delta = 2 * (w * v - y)": "delta = 1"},
        ),
        Slip(
            "loss in place of its slope",
            "The loss (f − y)² was multiplied in; its derivative 2(f − y) belongs there.",
            {"2 * (w * v - y)": "(w * v - y) ** 2"},
            {"2 * (w * v - y)": "2 * (w * v - y) ** 2"},
        ),
        Slip(
            "swapped",
            "The two derivatives are in the wrong order: first ∂ℓ/∂w, then ∂ℓ/∂w′.",
            {"return dw, delta_hidden * x": "return delta_hidden * x, dw"},
        ),
    ),
    hints=(
        "Start at the end: δ = ∂ℓ/∂f = 2(f − y). Everything else is multiplied by it.",
        "∂ℓ/∂w = δ·v. Then δ′ = φ′(z)·w·δ is what reaches z, and ∂ℓ/∂w′ = δ′·x.",
    ),
    why="At w = 2, w′ = 0.5, x = 3, y = 1: δ = 1.27030, ∂ℓ/∂w = 1.03856, δ′ = 0.37892, ∂ℓ/∂w′ = 1.13676.",
)

EXERCISES = (F, PARTIALS, LOSS_GRADS)
