"""Lesson 07, backpropagation unit by unit: output_delta, hidden_delta, weight_grad, backprop_units."""

import numpy as np

from dlcalc.exercises.exercise import Exercise, Slip, call, numbered

# Learning rates of weights that were updated too early.
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
)

# --- 07.output_delta -------------------------------------------------------------------------------------------------


def output_delta(f, y):
    """The error signals of the output units, δ_j = ∂ℓ/∂f_j for ℓ = Σ_j (f_j − y_j)².

    f and y have shape (n_L,): one example, linear output. The result has shape (n_L,).
    """
    return 2 * (f - y)


def output_delta_cases(seed):
    rng = np.random.default_rng(seed)
    cases = []
    for n in (1, 2, 3, 5):
        f = rng.normal(size=n)
        # Some outputs are too large and some too small.
        cases.append(call(f, f + rng.uniform(0.2, 2.0, size=n) * np.resize([-1.0, 1.0], n)))
    return cases


OUTPUT_DELTA = Exercise(
    id="07.output_delta",
    points=1,
    reference=output_delta,
    cases=output_delta_cases,
    alternatives=(
        lambda f, y: -2 * (y - f),
        lambda f, y: np.array([2 * (a - b) for a, b in zip(f, y)]),
    ),
    slips=(
        Slip("factor 2", "The factor 2 is missing: the derivative of (f − y)² is 2(f − y).", {"2 * (f - y)": "f - y"}),
        Slip(
            "sign",
            "The sign is wrong: 2(f − y), not 2(y − f); δ > 0 where the output is too large.",
            {"f - y": "y - f"},
        ),
        Slip(
            "sign and factor 2",
            "The sign is wrong and the factor 2 is missing: y − f was given, the derivative of (f − y)² is 2(f − y).",
            {"2 * (f - y)": "y - f"},
        ),
        Slip(
            "mean for sum",
            "The error signals were divided by n_L; here ℓ is the sum over the outputs, not the mean.",
            {"2 * (f - y)": "2 * (f - y) / len(f)"},
        ),
        Slip(
            "loss for its derivative",
            "These are the losses (f_j − y_j)²; the error signal is their derivative.",
            {"2 * (f - y)": "(f - y) ** 2"},
            {"2 * (f - y)": "2 * (f - y) ** 2"},
        ),
        Slip(
            "summed over the outputs",
            "The outputs were summed: each output unit has an error signal of its own.",
            {"2 * (f - y)": "2 * np.sum(f - y)"},
            {"2 * (f - y)": "2 * np.sum(f - y) * np.ones(len(f))"},
            {"2 * (f - y)": "np.sum((f - y) ** 2)"},
        ),
        Slip(
            "φ′ at the output",
            "A φ′ was multiplied in: the output is linear, f = z, so there is none.",
            {"2 * (f - y)": "2 * (f - y) * f * (1 - f)"},
            {"2 * (f - y)": "2 * (f - y) / (2 + np.exp(f) + np.exp(-f))"},
        ),
        Slip("label left out", "The label is missing: the error is f − y.", {"f - y": "f"}),
        Slip(
            "broadcast to (n,n)",
            "An (n, 1) and an (n,) met and made the table of all pairs.",
            {"f - y": "f[:, None] - y"},
            {"f - y": "f - y[:, None]"},
        ),
    ),
    hints=("Only the summand (f_j − y_j)² holds f_j.", "The derivative of u² is 2u."),
    why="The output is linear, so δ = ∂ℓ/∂z = ∂ℓ/∂f.",
)

# --- 07.hidden_delta -------------------------------------------------------------------------------------------------


def hidden_delta(j, W_next, delta_next, z, dphi):
    """The error signal of hidden unit j (counted from 0): δ_j = φ′(z_j) Σ_k w_kj δ_k.

    W_next has shape (n_{l+1}, n_l+1), the bias last: row k holds the weights into unit k of the next layer.
    delta_next has shape (n_{l+1},), z (n_l,) holds the pre-activations of this layer; dphi is φ′. The result is a
    float.
    """
    total = 0.0
    for k in range(len(delta_next)):
        total += W_next[k, j] * delta_next[k]
    return dphi(z[j]) * total


def hidden_delta_cases(seed):
    rng = np.random.default_rng(seed)
    cases = []
    # (n_l, n_{l+1}, j): square matrices W_next let the sum over incoming weights run.
    for n, m, j, name in [
        (1, 1, 0, "sigmoid"),
        (2, 3, 0, "sigmoid"),
        (2, 3, 1, "tanh"),
        (3, 2, 1, "sigmoid"),
        (4, 3, 3, "softplus"),
    ]:
        W_next, delta_next, z = rng.normal(size=(m, n + 1)), 3.0 * rng.normal(size=m), rng.normal(size=n)
        # Positive and negative error signals by turns, at any seed.
        delta_next = delta_next * np.sign(W_next[:, j] @ delta_next) * (-1.0) ** len(cases)
        cases.append(call(j, W_next, delta_next, z, {"dphi": name}))
    return cases


_SUM = "W_next[k, j] * delta_next[k]"

HIDDEN_DELTA = Exercise(
    id="07.hidden_delta",
    points=2,
    reference=hidden_delta,
    cases=hidden_delta_cases,
    driving=("activations",),
    alternatives=(
        lambda j, W_next, delta_next, z, dphi: float(dphi(z)[j] * (W_next[:, j] @ delta_next)),
        lambda j, W_next, delta_next, z, dphi: np.array((delta_next @ W_next)[j] * dphi(z[j])),
        lambda j, W_next, delta_next, z, dphi: ((W_next[:, :-1].T @ delta_next) * dphi(z))[j],
    ),
    slips=(
        Slip(
            "incoming weights summed",
            "The weights of a row of W_next were summed: those flow into one unit of the next layer. Unit j sends its "
            "value out through column j, W_next[:, j].",
            {_SUM: "W_next[j, k] * delta_next[k]"},
            lambda j, W_next, delta_next, z, dphi: dphi(z[j]) * (W_next[j] @ delta_next),
            lambda j, W_next, delta_next, z, dphi: dphi(z[j]) * (W_next[j, :-1] @ delta_next),
            lambda j, W_next, delta_next, z, dphi: dphi(z[j]) * np.sum(W_next[j]) * delta_next[j],
            lambda j, W_next, delta_next, z, dphi: dphi(z[j]) * np.sum(W_next[j, :-1]) * delta_next[j],
        ),
        Slip(
            "bias column included",
            "The bias column takes part in the sum: it belongs to the constant 1, not to unit j.",
            {_SUM: "(W_next[k, j] + W_next[k, -1]) * delta_next[k]"},
            {_SUM: "W_next[k, -1] * delta_next[k]"},
            {_SUM: "np.sum(W_next[k]) * delta_next[k]"},
            {"dphi(z[j]) * total": "dphi(z[j]) * total + W_next[:, -1] @ delta_next"},
            {"dphi(z[j]) * total": "dphi(z[j]) * (total + np.sum(W_next[:, -1]))"},
        ),
        Slip(
            "next column",
            "The column is shifted by one: unit j (counted from 0) has column j, the bias is the last one.",
            {"W_next[k, j]": "W_next[k, j + 1]"},
            {"W_next[k, j]": "W_next[k, j - 1]"},
        ),
        Slip(
            "φ′ missing",
            "φ′(z_j) is missing: the error signal must go back through φ of unit j.",
            {"dphi(z[j]) * total": "total"},
        ),
        Slip(
            "φ′ at the wrong place",
            "φ′ was taken at the wrong place: it belongs at z_j, the pre-activation of unit j itself.",
            {"dphi(z[j])": "dphi(total)"},
            {"dphi(z[j])": "dphi(z[0])"},
            {"dphi(z[j])": "dphi(z[-1])"},
            {"dphi(z[j])": "dphi(delta_next[j])"},
            {"dphi(z[j]) * total": "dphi(z[j] * total)"},
            {_SUM: "W_next[k, j] * delta_next[k] * dphi(delta_next[k])", "dphi(z[j]) * total": "total"},
            {_SUM: "W_next[k, j] * delta_next[k] * dphi(W_next[k] @ np.append(z, 1.0))", "dphi(z[j]) * total": "total"},
            {"dphi(z[j])": "dphi(-z[j])"},
        ),
        Slip(
            "z for φ′",
            "z_j was multiplied in; it is the slope φ′(z_j) that belongs there.",
            {"dphi(z[j])": "z[j]"},
        ),
        Slip(
            "all units at once",
            "This is an array for all units; asked is the number of unit j.",
            {"dphi(z[j])": "dphi(z)"},
            lambda j, W_next, delta_next, z, dphi: dphi(z) * (delta_next @ W_next[:, :-1]),
        ),
        Slip(
            "δ = ŷ − y at hidden units",
            "Unit j was given an error signal of the next layer as it stands, as if it were an output: its own comes "
            "back through the weights, δ_j = φ′(z_j) Σ_k w_kj δ_k.",
            {"dphi(z[j]) * total": "delta_next[j]"},
            {"dphi(z[j]) * total": "delta_next[j % len(delta_next)]"},
            {"dphi(z[j]) * total": "delta_next[0]"},
            {"dphi(z[j]) * total": "np.sum(delta_next)"},
            {"dphi(z[j]) * total": "dphi(z[j]) * delta_next[j % len(delta_next)]"},
        ),
        Slip(
            "weights left out",
            "The error signals were summed without the weights: each comes back through its weight w_kj.",
            {_SUM: "delta_next[k]"},
        ),
        Slip(
            "error signals left out",
            "The weights were summed without the error signals of the next layer.",
            {_SUM: "W_next[k, j]"},
        ),
        Slip(
            "one unit only",
            "Only one unit of the next layer was counted; unit j feeds all of them, so its paths are summed.",
            {"total += ": "total = "},
            {"range(len(delta_next))": "range(1)"},
        ),
    ),
    hints=(
        "Unit j reaches the loss through every unit k of the next layer: one path for each k, and paths add up.",
        "Which entries of W_next leave unit j: a row or a column?",
        "Σ_k W_next[k, j]·δ_k, then times φ′(z_j).",
    ),
    why="Fan-out adds: one path through each unit k of the next layer.",
)

# --- 07.weight_grad --------------------------------------------------------------------------------------------------


def weight_grad(delta_j, v_i):
    """The derivative ∂ℓ/∂w_ji of the loss with respect to one weight: from node i, value v_i, to unit j, signal δ_j.

    delta_j and v_i are floats; for the bias node v_i is 1.0. The result is a float.
    """
    return delta_j * v_i


def weight_grad_cases(seed):
    rng = np.random.default_rng(seed)
    signs = [[1, 1], [1, -1], [-1, 1], [-1, -1], [-1, 1]]
    drawn = rng.uniform(0.2, 4.0, size=(5, 2)) * signs
    return [call(delta, v) for delta, v in [*drawn.tolist(), [float(rng.normal()), 1.0]]]


WEIGHT_GRAD = Exercise(
    id="07.weight_grad",
    points=1,
    reference=weight_grad,
    cases=weight_grad_cases,
    alternatives=(lambda delta_j, v_i: np.array(v_i * delta_j), lambda delta_j, v_i: np.outer(delta_j, v_i)[0, 0]),
    slips=(
        Slip(
            "sum for product",
            "The two were added; ∂ℓ/∂w = ∂ℓ/∂z · ∂z/∂w multiplies.",
            {"delta_j * v_i": "delta_j + v_i"},
        ),
        Slip("v left out", "v_i is missing: z_j = Σ w_ji v_i has the slope v_i in w_ji.", {"delta_j * v_i": "delta_j"}),
        Slip("δ left out", "δ_j is missing: v_i is ∂z/∂w alone.", {"delta_j * v_i": "v_i"}),
        Slip(
            "sign",
            "The sign is wrong: going downhill is the optimizer's business.",
            {"delta_j * v_i": "-delta_j * v_i"},
        ),
        Slip(
            "φ′ once more",
            "A φ′ was multiplied in: it is in δ_j already.",
            {"delta_j * v_i": "delta_j * v_i * (1 - v_i)"},
        ),
        Slip("factor 2", "There is a 2 too many: it is in δ already.", {"delta_j * v_i": "2 * delta_j * v_i"}),
        Slip("quotient", "The two were divided; the chain rule multiplies.", {"delta_j * v_i": "delta_j / v_i"}),
    ),
    hints=("z_j = Σ_i w_ji v_i. What is ∂z_j/∂w_ji?", "∂ℓ/∂w_ji = ∂ℓ/∂z_j · ∂z_j/∂w_ji."),
    why="Everything a weight needs to know is at its two ends.",
)

# --- 07.backprop_units -----------------------------------------------------------------------------------------------


def backprop_units(weights, x, y, phi, dphi):
    """The gradients of ℓ = Σ_j (f_j − y_j)² with respect to all weights, for one example.

    weights is a list of L ≥ 1 matrices (n_l, n_{l-1}+1), the bias last; x has shape (n_0,), y (n_L,); φ and φ′ work on
    numbers and arrays; the output is linear. The result is a list of L gradients shaped like the weights.
    """
    zs, vs = [], [np.append(x, 1.0)]
    for W in weights:
        zs.append(W @ vs[-1])
        vs.append(np.append(phi(zs[-1]), 1.0))

    gradients = []
    delta = 2 * (zs[-1] - y)
    for layer in range(len(weights) - 1, -1, -1):
        W, v = weights[layer], vs[layer]
        gradients.insert(0, np.array([[delta[j] * v[i] for i in range(len(v))] for j in range(len(delta))]))
        if layer > 0:
            z = zs[layer - 1]
            back = [sum(W[k, j] * delta[k] for k in range(len(delta))) for j in range(len(z))]
            delta = np.array([dphi(z[j]) * back[j] for j in range(len(z))])
    return gradients


def backprop_units_by_matrices(weights, x, y, phi, dphi):
    v, steps = x, []
    for W in weights:
        steps.append((np.concatenate([v, [1.0]]), W[:, :-1] @ v + W[:, -1]))
        v = phi(steps[-1][1])
    delta, gradients = -2 * (y - steps[-1][1]), []
    for layer in reversed(range(len(weights))):
        gradients.append(np.outer(delta, steps[layer][0]))
        if layer:
            delta = (weights[layer][:, :-1].T @ delta) * dphi(steps[layer - 1][1])
    return tuple(gradients[::-1])


def backprop_units_by_recursion(weights, x, y, phi, dphi):
    def back(v, layer):
        z = weights[layer] @ np.append(v, 1.0)
        if layer + 1 == len(weights):
            delta, later = 2 * (z - y), []
        else:
            signal, later = back(phi(z), layer + 1)
            delta = dphi(z) * signal
        return weights[layer][:, :-1].T @ delta, [np.outer(delta, np.append(v, 1.0)), *later]

    return back(x, 0)[1]


def backprop_units_cases(seed):
    rng = np.random.default_rng(seed)
    networks = [
        ([1, 1, 1], "sigmoid"),
        ([2, 1], "sigmoid"),
        ([2, 3, 4], "sigmoid"),
        ([4, 3, 2], "sigmoid"),
        ([2, 2, 3, 2], "softplus"),
        ([5, 3, 1], "relu"),
    ]
    cases = []
    for sizes, name in networks:
        weights = [rng.normal(size=(n, m + 1)) for m, n in zip(sizes[:-1], sizes[1:])]
        # Far above the outputs and far below them by turns, so that f − y has both signs at any seed.
        x, y = rng.normal(size=sizes[0]), rng.normal(size=sizes[-1]) + 4.0 * (-1.0) ** len(cases)
        cases.append(call(weights, x, y, {"phi": name}, {"dphi": name}))
    return cases


_BACK = "W[k, j] * delta[k]"
_DELTA = "dphi(z[j]) * back[j]"
_DELTAS = "np.array([dphi(z[j]) * back[j] for j in range(len(z))])"

BACKPROP_UNITS = Exercise(
    id="07.backprop_units",
    points=4,
    reference=backprop_units,
    cases=backprop_units_cases,
    driving=("activations",),
    label=numbered("∇W"),
    alternatives=(backprop_units_by_matrices, backprop_units_by_recursion),
    slips=(
        Slip(
            "incoming weights summed",
            "The sum runs over a row of W, the weights into a unit; the error signal comes back through the weights "
            "that leave unit j, column j of the next layer's W.",
            {_BACK: "W[j, k] * delta[k]"},
            {_BACK: "weights[layer - 1][j, k] * delta[k]"},
            {_BACK: "weights[layer - 1][k, j] * delta[k]"},
            {_DELTAS: "dphi(z) * (W[:, :-1] @ delta)"},
            {_DELTAS: "dphi(z) * (W @ np.append(delta, 1.0))"},
            {_DELTAS: "dphi(z) * weights[layer - 1][:, :-1].sum(axis=1) * delta.sum()"},
            {_DELTAS: "dphi(z) * weights[layer - 1].sum(axis=1) * delta.sum()"},
        ),
        Slip(
            "bias column included",
            "The bias column takes part in the sum: the bias node is the constant 1, so nothing flows back into it.",
            {_BACK: "(W[k, j] + W[k, -1]) * delta[k]"},
            {
                "for j in range(len(z))]\n": "for j in range(len(z) + 1)]\n",
                "[dphi(z[j]) * back[j] for": "[dphi(z[j]) * sum(back) for",
            },
            {_BACK: "sum(W[k]) * delta[k]"},
            {_DELTAS: "dphi(z) * (W.T @ delta)"},
            {"for j in range(len(z))]\n": "for j in range(1, len(z) + 1)]\n"},
        ),
        Slip(
            "bias node as a unit",
            "The bias node was given an error signal of its own; it has no z and no δ.",
            {
                "for j in range(len(z))]\n": "for j in range(len(z) + 1)]\n",
                "for j in range(len(z))])": "for j in range(len(z) + 1)])",
                "z = zs[layer - 1]": "z = np.append(zs[layer - 1], 1.0)[: len(zs[layer - 1]) + 1]",
                "for k in range(len(delta)))": "for k in range(min(len(delta), len(W))))",
            },
            {
                "z = zs[layer - 1]": "z = np.append(zs[layer - 1], 1.0)",
            },
        ),
        Slip(
            "φ′ missing",
            "φ′(z_j) is missing: δ_j = φ′(z_j) Σ_k w_kj δ_k.",
            {_DELTA: "back[j]"},
        ),
        Slip(
            "φ′ at the wrong layer",
            "φ′ was taken at another layer or at v: it belongs at z_j, the pre-activation of the unit itself.",
            {_DELTA: "dphi(zs[layer][j % len(zs[layer])]) * back[j]"},
            {_DELTA: "dphi(zs[layer][j]) * back[j]"},
            {_DELTA: "dphi(zs[-1][j % len(zs[-1])]) * back[j]"},
            {_DELTA: "dphi(vs[layer][j]) * back[j]"},
            {_DELTA: "dphi(vs[layer - 1][j % len(vs[layer - 1])]) * back[j]"},
            {_DELTA: "dphi(back[j])"},
            {_DELTA: "dphi(zs[0][j % len(zs[0])]) * back[j]"},
            {_BACK: "W[k, j] * delta[k] * dphi(zs[layer][k])", _DELTA: "back[j]"},
        ),
        Slip(
            "φ for φ′",
            "φ(z_j) stands where its slope φ′(z_j) belongs.",
            {_DELTA: "phi(z[j]) * back[j]"},
        ),
        Slip(
            "φ′ twice",
            "φ′(z_j) was multiplied in twice.",
            {_DELTA: "dphi(z[j]) ** 2 * back[j]"},
        ),
        Slip(
            "δ = ŷ − y at hidden units",
            "The hidden units were given the output's error; theirs comes back through the weights: "
            "δ_j = φ′(z_j) Σ_k w_kj δ_k.",
            {_DELTA: "2 * (phi(z[j]) - y[j % len(y)])"},
            {_DELTA: "(phi(z[j]) - y[j % len(y)])"},
            {_DELTA: "phi(z[j]) - y[0]"},
            {_DELTAS: "zs[-1] - y"},
            {_DELTAS: "2 * (zs[-1] - y)"},
            {_DELTAS: "dphi(z) * (zs[-1] - y)"},
            {_DELTAS: "dphi(z) * 2 * (zs[-1] - y)"},
            {_DELTA: "np.sum(zs[-1] - y)"},
            {_DELTA: "2 * np.sum(zs[-1] - y)"},
            {_DELTA: "dphi(z[j]) * np.sum(zs[-1] - y)"},
            {_DELTA: "dphi(z[j]) * 2 * np.sum(zs[-1] - y)"},
            {_DELTA: "2 * (phi(z[j]) - y[0])"},
            {_DELTA: "2 * (zs[-1][j % len(y)] - y[j % len(y)])"},
            {_DELTA: "(zs[-1][j % len(y)] - y[j % len(y)])"},
            {_DELTA: "dphi(z[j]) * 2 * (zs[-1][j % len(y)] - y[j % len(y)])"},
            {_DELTA: "dphi(z[j]) * (zs[-1][j % len(y)] - y[j % len(y)])"},
        ),
        Slip(
            "weights left out",
            "The error signals come back without their weights: each is multiplied by w_kj.",
            {_BACK: "delta[k]"},
        ),
        Slip(
            "z_i for v_i",
            "The weight gradient was made with z_i; a weight multiplies the activation v_i = φ(z_i), so ∂ℓ/∂w_ji = "
            "δ_j v_i.",
            {"vs[layer]": "(np.append(zs[layer - 1], 1.0) if layer else vs[0])"},
        ),
        Slip(
            "updated weights",
            "Weights were updated before the error signal had gone back through them: finish the backward pass with "
            "the weights of the forward pass.",
            *({_BACK: f"(W - {rate} * gradients[0])[k, j] * delta[k]"} for rate in RATES),
        ),
        Slip("factor 2", "The factor 2 is missing: ∂ℓ/∂f = 2(f − y).", {"2 * (zs[-1] - y)": "zs[-1] - y"}),
        Slip("sign", "The sign is wrong: ∂ℓ/∂f = 2(f − y), not 2(y − f).", {"zs[-1] - y": "y - zs[-1]"}),
        Slip(
            "mean for sum",
            "The error was divided by n_L; here ℓ is the sum over the outputs.",
            {"2 * (zs[-1] - y)": "2 * (zs[-1] - y) / len(y)"},
        ),
        Slip(
            "φ on the linear output",
            "φ or φ′ was applied at the output: it is linear, f = z.",
            {"2 * (zs[-1] - y)": "2 * (zs[-1] - y) * dphi(zs[-1])"},
            {"2 * (zs[-1] - y)": "2 * (phi(zs[-1]) - y)"},
            {"2 * (zs[-1] - y)": "2 * (phi(zs[-1]) - y) * dphi(zs[-1])"},
        ),
        Slip(
            "bias gradient missing",
            "The bias gradient is missing or 0: there v = 1, so ∂ℓ/∂b_j = δ_j.",
            {"for i in range(len(v))": "for i in range(len(v) - 1)"},
            {"delta[j] * v[i] for": "delta[j] * v[i] * (i < len(v) - 1) for"},
        ),
        Slip(
            "gradient transposed",
            "The gradients are transposed: entry (j, i) belongs to the weight to unit j from node i, as in W.",
            {"for j in range(len(delta))]))": "for j in range(len(delta))]).T)"},
        ),
        Slip(
            "order of the layers",
            "The gradients are in the wrong order: the list goes from the first layer to the last.",
            {"gradients.insert(0, ": "gradients.append("},
        ),
        Slip(
            "one path only",
            "Only one unit of the next layer was counted: the signals of all of them are summed.",
            {"for k in range(len(delta)))": "for k in range(1))"},
            {"for k in range(len(delta)))": "for k in [len(delta) - 1])"},
        ),
    ),
    hints=(
        "Forward first, keeping every z and every v (with its 1). Then δ of the output: 2(f − y).",
        "In each layer, from the last to the first: ∂ℓ/∂w_ji = δ_j v_i for all i, the bias node (v = 1) included.",
        "Then one layer back: δ_j = φ′(z_j) Σ_k w_kj δ_k, where k runs over the units of the layer you come from.",
    ),
    why="Each step back uses only what stands at the two ends of a weight.",
)

EXERCISES = (OUTPUT_DELTA, HIDDEN_DELTA, WEIGHT_GRAD, BACKPROP_UNITS)
