"""Lesson 08, backpropagation in matrices: linear_backward, activation_backward, mlp_backward, gradient_check."""

import numpy as np

from dlcalc.exercises.exercise import Exercise, Slip, Tolerance, call, numbered, parts

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

NO_TRANSPOSE = (
    "A transpose is missing: look at the shapes, Δ (N, n_l), V (N, n_{l-1}+1), W (n_l, n_{l-1}+1). In a square network "
    "the product exists and is silently wrong."
)
GRADIENT_TRANSPOSED = "The gradient is transposed: VᵀΔ is (n_{l-1}+1, n_l); ∇W has the shape of W, so it is ΔᵀV."
BIAS_COLUMN_KEPT = (
    "The bias column was kept on the way back: nothing flows back into the constant 1, so use W̄ = W[:, :-1]."
)

# --- 08.linear_backward ----------------------------------------------------------------------------------------------


def linear_backward(delta, V, W):
    """Back through Z = V Wᵀ: (delta_V, grad_W) from the error signal delta of Z.

    delta has shape (N, n_l), V (N, n_{l-1}+1) with its column of ones last, W (n_l, n_{l-1}+1) with the bias last.
    delta_V = ΔW̄ has shape (N, n_{l-1}), without the bias column; grad_W = ΔᵀV has the shape of W. Neither has a 1/N of
    its own: the mean is in delta already.
    """
    delta_V = delta @ W[:, :-1]
    grad_W = delta.T @ V
    return delta_V, grad_W


def linear_backward_by_examples(delta, V, W):
    grad_W = np.zeros(W.shape)
    rows = []
    for signal, v in zip(delta, V):
        grad_W += np.outer(signal, v)
        rows.append([sum(signal[k] * W[k, i] for k in range(len(W))) for i in range(W.shape[1] - 1)])
    return [np.array(rows), grad_W]


def linear_backward_cases(seed):
    rng = np.random.default_rng(seed)
    # (N, n_{l-1}, n_l): square ones let a missing transpose run.
    sizes = [(1, 1, 1), (2, 2, 2), (3, 2, 3), (2, 1, 2), (1, 3, 2), (7, 3, 2), (5, 4, 3)]
    return [
        call(
            rng.normal(size=(N, n)),
            np.hstack([rng.normal(size=(N, m)), np.ones((N, 1))]),
            rng.normal(size=(n, m + 1)),
        )
        for N, m, n in sizes
    ]


LINEAR_BACKWARD = Exercise(
    id="08.linear_backward",
    points=2,
    reference=linear_backward,
    cases=linear_backward_cases,
    label=parts("delta_V", "grad_W"),
    alternatives=(
        linear_backward_by_examples,
        lambda delta, V, W: ((delta @ W)[:, :-1], (V.T @ delta).T),
        lambda delta, V, W: (np.einsum("nj,ji->ni", delta, W[:, :-1]), np.einsum("nj,ni->ji", delta, V)),
        lambda delta, V, W: (
            delta @ W[:, :-1],
            np.column_stack([delta.T @ V[:, :-1], delta.sum(axis=0)]),
        ),
    ),
    slips=(
        Slip(
            "no transpose",
            NO_TRANSPOSE,
            {"delta.T @ V": "delta @ V"},
            {"delta @ W[:, :-1]": "delta @ W[:, :-1].T"},
            {"delta.T @ V": "delta @ V", "delta @ W[:, :-1]": "delta @ W[:, :-1].T"},
        ),
        Slip("gradient transposed", GRADIENT_TRANSPOSED, {"delta.T @ V": "V.T @ delta"}),
        Slip("bias column kept", BIAS_COLUMN_KEPT, {"W[:, :-1]": "W"}),
        Slip(
            "first column dropped",
            "The first column of W was dropped in place of the last: the bias is the last column.",
            {"W[:, :-1]": "W[:, 1:]"},
        ),
        Slip(
            "1/N twice",
            "A 1/N was added here: the mean is in the error signal already, so it would be taken once more.",
            {"delta.T @ V": "delta.T @ V / len(V)"},
            {"delta.T @ V": "delta.T @ V / len(V)", "delta @ W[:, :-1]": "delta @ W[:, :-1] / len(V)"},
            {"delta @ W[:, :-1]": "delta @ W[:, :-1] / len(V)"},
        ),
        Slip(
            "bias gradient missing",
            "The bias column of grad_W is missing or 0: V keeps its ones here, because ∂z/∂b = 1.",
            {"delta.T @ V": "delta.T @ V[:, :-1]"},
            {"delta.T @ V": "delta.T @ (V * (np.arange(V.shape[1]) < V.shape[1] - 1))"},
        ),
        Slip(
            "bias averaged",
            "The bias column was averaged over the examples; like every other column it is a sum.",
            lambda delta, V, W: (delta @ W[:, :-1], np.column_stack([delta.T @ V[:, :-1], delta.mean(axis=0)])),
        ),
        Slip(
            "bias unsummed",
            "The bias gradient was not summed over the examples: each bias gets one number, Σ_n δ_n.",
            lambda delta, V, W: (delta @ W[:, :-1], np.column_stack([delta.T @ V[:, :-1], delta.T])),
            lambda delta, V, W: (delta @ W[:, :-1], np.column_stack([delta.T @ V[:, :-1], delta[0]])),
            lambda delta, V, W: (delta @ W[:, :-1], np.column_stack([delta.T @ V[:, :-1], delta[-1]])),
        ),
        Slip(
            "entry by entry",
            "A product entry by entry (*) stands where the matrix product (@) belongs: both results sum, over the "
            "examples or over the units.",
            {"delta.T @ V": "delta * V"},
            {"delta.T @ V": "delta.T * V"},
            {"delta @ W[:, :-1]": "delta * W[:, :-1]"},
        ),
        Slip(
            "last example only",
            "Only the last example counts in grad_W: the gradient is the sum over all examples.",
            {"delta.T @ V": "delta[-1:].T @ V[-1:]"},
        ),
        Slip(
            "swapped",
            "The two results are in the wrong order: first delta_V, then grad_W.",
            {"return delta_V, grad_W": "return grad_W, delta_V"},
        ),
        Slip(
            "sign", "The sign of grad_W is wrong: going downhill is the optimizer's business.", {"delta.T": "-delta.T"}
        ),
    ),
    hints=(
        "Write the shapes under the symbols. grad_W has the shape of W, delta_V that of V without its ones.",
        "Only one product of Δ and V gives (n_l, n_{l-1}+1), and it sums over the examples.",
        "W[:, :-1] is W̄: nothing flows back into the bias node.",
    ),
    why="Summing over the examples is what the N in the middle of ΔᵀV does.",
)

# --- 08.activation_backward ------------------------------------------------------------------------------------------


def activation_backward(delta_V, Z, dphi):
    """Back through V = φ(Z): the error signal of Z, delta_V ⊙ φ′(Z), entry by entry.

    delta_V and Z have shape (N, n); dphi is φ′ and works on arrays. The result has shape (N, n).
    """
    return delta_V * dphi(Z)


def activation_backward_by_loops(delta_V, Z, dphi):
    result = np.empty_like(Z)
    for index in np.ndindex(Z.shape):
        result[index] = delta_V[index] * dphi(Z[index])
    return result


def activation_backward_cases(seed):
    rng = np.random.default_rng(seed)
    shapes = [((1, 1), "sigmoid"), ((2, 2), "sigmoid"), ((3, 3), "tanh"), ((4, 2), "softplus"), ((2, 3), "relu")]
    return [call(rng.normal(size=shape), rng.normal(size=shape), {"dphi": name}) for shape, name in shapes]


ACTIVATION_BACKWARD = Exercise(
    id="08.activation_backward",
    points=1,
    reference=activation_backward,
    cases=activation_backward_cases,
    driving=("activations",),
    alternatives=(
        activation_backward_by_loops,
        lambda delta_V, Z, dphi: np.multiply(dphi(Z), delta_V),
        lambda delta_V, Z, dphi: np.array([d @ np.diag(dphi(z)) for d, z in zip(delta_V, Z)]),
    ),
    slips=(
        Slip(
            "@ for ⊙",
            "A matrix product @ stands where the product entry by entry (*) belongs: each unit has its own slope.",
            {"delta_V * dphi(Z)": "delta_V @ dphi(Z)"},
            {"delta_V * dphi(Z)": "delta_V @ dphi(Z).T"},
            {"delta_V * dphi(Z)": "delta_V.T @ dphi(Z)"},
            {"delta_V * dphi(Z)": "dphi(Z) @ delta_V"},
            {"delta_V * dphi(Z)": "dphi(Z).T @ delta_V"},
            {"delta_V * dphi(Z)": "dphi(Z) @ delta_V.T"},
        ),
        Slip(
            "no φ′", "φ′(Z) is missing: going back through φ multiplies by its slope.", {"delta_V * dphi(Z)": "delta_V"}
        ),
        Slip(
            "φ′ alone", "This is φ′(Z) alone; it multiplies the error signal delta_V.", {"delta_V * dphi(Z)": "dphi(Z)"}
        ),
        Slip("φ′ twice", "φ′(Z) was multiplied in twice.", {"dphi(Z)": "dphi(Z) * dphi(Z)"}),
        Slip(
            "φ′ of the error signal",
            "φ′ was taken at the error signal; it is taken at Z, where φ was applied.",
            {"delta_V * dphi(Z)": "Z * dphi(delta_V)"},
            {"delta_V * dphi(Z)": "dphi(delta_V)"},
            {"delta_V * dphi(Z)": "delta_V * dphi(delta_V)"},
            {"delta_V * dphi(Z)": "dphi(delta_V * Z)"},
        ),
        Slip("Z for φ′", "Z itself was multiplied in; it is the slope φ′(Z) that belongs there.", {"dphi(Z)": "Z"}),
        Slip("sum for product", "φ′(Z) was added; the chain rule multiplies.", {"delta_V *": "delta_V +"}),
        Slip(
            "summed over the batch",
            "The result was summed or averaged: each example keeps its own error signal.",
            {"delta_V * dphi(Z)": "np.sum(delta_V * dphi(Z), axis=0)"},
            {"delta_V * dphi(Z)": "delta_V * dphi(Z) / len(Z)"},
            {"delta_V * dphi(Z)": "np.mean(delta_V * dphi(Z), axis=0)"},
        ),
        Slip(
            "φ′(φ(z))",
            "φ′ was taken at dphi(Z) or φ(Z) again; it is taken at Z once.",
            {"dphi(Z)": "dphi(dphi(Z))"},
            {"dphi(Z)": "dphi(1 / (1 + np.exp(-Z)))"},
            {"dphi(Z)": "dphi(np.tanh(Z))"},
            {"dphi(Z)": "dphi(np.maximum(Z, 0))"},
        ),
        Slip(
            "φ for φ′",
            "A φ of your own was multiplied in; it is the slope dphi(Z), which was given, that belongs there.",
            {"dphi(Z)": "1 / (1 + np.exp(-Z))"},
            {"dphi(Z)": "np.tanh(Z)"},
            {"dphi(Z)": "np.maximum(Z, 0)"},
        ),
        Slip(
            "one activation for all",
            "The slope of one activation is built in: use dphi, the φ′ that was given.",
            {"dphi(Z)": "_slope(Z)"},
            {"dphi(Z)": "(1 - np.tanh(Z) ** 2)"},
            {"dphi(Z)": "(Z > 0)"},
        ),
    ),
    hints=(
        "φ acts on each entry for itself. What does its Jacobian look like, and what is a product with it?",
        "A product with diag(φ′(z)) is a product entry by entry.",
    ),
    why="δᵀ diag(φ′(z)) is δ ⊙ φ′(z), row by row.",
)

# --- 08.mlp_backward -------------------------------------------------------------------------------------------------


def mlp_backward(weights, cache, y):
    """The gradients of the mean-squared error with respect to all weights, from one backward pass.

    weights is a list of L matrices (n_l, n_{l-1}+1), the bias last. cache[0] = (X, [X 1]), and then come the L pairs
    of 01.forward: (Z, V) with V = [φ(Z) 1], the last one (Z, Z). φ is the sigmoid; the output is linear. y has shape
    (N, n_L), and the loss is the mean of (f − y)² over all N·n_L entries. The result is a list of L gradients shaped
    like the weights.
    """
    f = cache[-1][0]
    delta = 2 * (f - y) / f.size
    gradients = []
    for layer in range(len(weights), 0, -1):
        V = cache[layer - 1][1]
        gradients.insert(0, delta.T @ V)
        if layer > 1:
            v = V[:, :-1]
            delta = (delta @ weights[layer - 1][:, :-1]) * v * (1 - v)
    return gradients


def mlp_backward_from_z(weights, cache, y):
    """The same via Z and the sigmoid's slope e^{−z}/(1 + e^{−z})², example by example."""
    gradients = [np.zeros_like(W) for W in weights]
    for n in range(len(y)):
        delta = 2 * (cache[-1][0][n] - y[n]) / y.size
        for layer in reversed(range(len(weights))):
            gradients[layer] += np.outer(delta, cache[layer][1][n])
            if layer:
                decay = np.exp(-cache[layer][0][n])
                delta = weights[layer][:, :-1].T @ delta * decay / (1 + decay) ** 2
    return tuple(gradients)


def mlp_backward_columns(weights, cache, y):
    """The same with examples in columns, 1/(N·n_L) multiplied in at the end."""
    count, gradients = len(weights), [None] * len(weights)
    delta = 2 * (cache[count][1] - y).T
    for layer in range(count - 1, -1, -1):
        gradients[layer] = (delta @ cache[layer][1]) / np.prod(y.shape)
        V = cache[layer][1].T
        delta = ((weights[layer].T @ delta) * V * (1 - V))[:-1]
    return gradients


def _forward_cache(X, weights):
    ones = np.ones((len(X), 1))
    cache = [(X, np.hstack([X, ones]))]
    for W in weights[:-1]:
        Z = cache[-1][1] @ W.T
        cache.append((Z, np.hstack([1 / (1 + np.exp(-Z)), ones])))
    Z = cache[-1][1] @ weights[-1].T
    return [*cache, (Z, Z)]


def mlp_backward_cases(seed):
    rng = np.random.default_rng(seed)
    # Square networks let a missing transpose run; 4-3-2 with N = 7 tells all slips apart; 5-3-1 is the lesson's own.
    networks = [(1, [1, 1, 1]), (2, [2, 1]), (2, [2, 2, 2]), (7, [4, 3, 2]), (4, [5, 3, 1]), (3, [2, 4, 3, 2])]
    cases = []
    for N, sizes in networks:
        weights = [rng.normal(size=(n, m + 1)) for m, n in zip(sizes[:-1], sizes[1:])]
        cache = _forward_cache(rng.normal(size=(N, sizes[0])), weights)
        cases.append(call(weights, cache, rng.normal(size=(N, sizes[-1]))))
    return cases


_BACK = "(delta @ weights[layer - 1][:, :-1]) * v * (1 - v)"
_DELTA = "2 * (f - y) / f.size"
_GRADIENT = "delta.T @ V"

MLP_BACKWARD = Exercise(
    id="08.mlp_backward",
    points=4,
    reference=mlp_backward,
    cases=mlp_backward_cases,
    label=numbered("∇W"),
    alternatives=(mlp_backward_from_z, mlp_backward_columns),
    slips=(
        Slip(
            "no transpose",
            NO_TRANSPOSE,
            {_GRADIENT: "delta @ V"},
            {_GRADIENT: "V @ delta"},
            {_GRADIENT: "delta.T @ V.T"},
            {"weights[layer - 1][:, :-1]": "weights[layer - 1][:, :-1].T"},
            {_GRADIENT: "delta @ V", "weights[layer - 1][:, :-1]": "weights[layer - 1][:, :-1].T"},
        ),
        Slip("gradient transposed", GRADIENT_TRANSPOSED, {_GRADIENT: "V.T @ delta"}),
        Slip(
            "@ for ⊙",
            "A matrix product @ stands where the product entry by entry (*) with φ′(Z) belongs.",
            {_BACK: "(delta @ weights[layer - 1][:, :-1]) @ (v * (1 - v))"},
            {_BACK: "(delta @ weights[layer - 1][:, :-1]) @ (v * (1 - v)).T"},
            {_BACK: "(delta @ weights[layer - 1][:, :-1]) * (v @ (1 - v))"},
            {_BACK: "(v * (1 - v)) @ (delta @ weights[layer - 1][:, :-1])"},
            {_BACK: "(delta @ weights[layer - 1][:, :-1]).T @ (v * (1 - v))"},
            {_BACK: "(v * (1 - v)).T @ (delta @ weights[layer - 1][:, :-1])"},
        ),
        Slip(
            "φ for φ′",
            "φ(Z) stands where its slope φ′(Z) = v(1 − v) belongs.",
            {_BACK: "(delta @ weights[layer - 1][:, :-1]) * v"},
        ),
        Slip(
            "z(1 − z)",
            "The slope was made with Z: the sigmoid's slope is v(1 − v), and v = φ(Z) is the V of the pair.",
            {"v = V[:, :-1]": "v = cache[layer - 1][0]"},
            {_BACK: "(delta @ weights[layer - 1][:, :-1]) * cache[layer - 1][0]"},
        ),
        Slip(
            "φ′(v)",
            "φ′ was taken at v = φ(Z), so the sigmoid is applied twice: use φ′(Z) = v(1 − v), or φ′ at Z.",
            {_BACK: "(delta @ weights[layer - 1][:, :-1]) * _slope(v)"},
        ),
        Slip(
            "no φ′",
            "φ′(Z) is missing: the error signal must go back through φ, multiplied by its slope.",
            {_BACK: "(delta @ weights[layer - 1][:, :-1])"},
        ),
        Slip(
            "φ′ twice",
            "φ′(Z) was multiplied in twice.",
            {_BACK: "(delta @ weights[layer - 1][:, :-1]) * (v * (1 - v)) ** 2"},
        ),
        Slip(
            "Z for V",
            "The weight gradient was made with Z; a weight multiplies the activation V = [φ(Z) 1], so ∇W = ΔᵀV.",
            {_GRADIENT: "delta.T @ np.hstack([cache[layer - 1][0], np.ones((len(V), 1))])"},
            {_GRADIENT: "delta.T @ cache[layer - 1][0]"},
        ),
        Slip(
            "sum loss",
            "The 1/(N·n_L) is missing: this is the gradient of the sum, the loss is the mean over all entries.",
            {_DELTA: "2 * (f - y)"},
        ),
        Slip(
            "mean over N only",
            "The sum was divided by N only; the mean is over all N·n_L entries (f.size).",
            {"f.size": "len(f)"},
        ),
        Slip(
            "1/N twice",
            "The mean was taken twice: the factor belongs into the output error signal, and nowhere else.",
            {_GRADIENT: "delta.T @ V / len(V)"},
            {"f.size": "f.size ** 2"},
            {"f.size": "f.size / len(f)"},
            {_GRADIENT: "delta.T @ V / f.size"},
            {"f.size": "len(f)", _GRADIENT: "delta.T @ V / len(V)"},
            {_BACK: "(delta @ weights[layer - 1][:, :-1]) * v * (1 - v) / len(v)"},
        ),
        Slip(
            "factor 2", "The factor 2 is missing: the derivative of (f − y)² is 2(f − y).", {"2 * (f - y)": "(f - y)"}
        ),
        Slip("sign", "The sign is wrong: the error signal is 2(f − y), not 2(y − f).", {"(f - y)": "(y - f)"}),
        Slip(
            "bias averaged",
            "The bias gradient was averaged over the examples; like every column of ΔᵀV it is a sum.",
            {_GRADIENT: "np.column_stack([delta.T @ V[:, :-1], delta.mean(axis=0)])"},
        ),
        Slip(
            "bias unsummed",
            "The bias gradient was not summed over the examples: each bias gets one number, Σ_n δ_n.",
            {_GRADIENT: "np.column_stack([delta.T @ V[:, :-1], delta.T])"},
            {_GRADIENT: "np.column_stack([delta.T @ V[:, :-1], delta[0]])"},
            {_GRADIENT: "np.column_stack([delta.T @ V[:, :-1], delta[-1]])"},
            {_GRADIENT: "_with_bias(delta.T @ V, delta)"},
        ),
        Slip(
            "bias gradient missing",
            "The bias gradient is missing or 0: ∂z/∂b = 1, so it is Σ_n δ_n, the last column of ΔᵀV.",
            {_GRADIENT: "np.column_stack([delta.T @ V[:, :-1], np.zeros(delta.shape[1])])"},
            {_GRADIENT: "delta.T @ V[:, :-1]"},
        ),
        Slip(
            "last example only",
            "Only the last example counts: the gradient is summed over all of them (+=, not =).",
            {_GRADIENT: "delta[-1:].T @ V[-1:]"},
        ),
        Slip(
            "updated W",
            "A weight matrix was updated before the error signal had gone back through it: finish the backward pass "
            "with the weights of the forward pass.",
            *(
                {"weights[layer - 1][:, :-1]": f"(weights[layer - 1] - {rate} * gradients[0])[:, :-1]"}
                for rate in RATES
            ),
        ),
        Slip(
            "bias column kept",
            BIAS_COLUMN_KEPT,
            {"weights[layer - 1][:, :-1]": "weights[layer - 1]"},
            {"weights[layer - 1][:, :-1]": "weights[layer - 1]", "V[:, :-1]": "V"},
            {_BACK: "_with_its_bias(delta @ weights[layer - 1], cache[layer - 1][0])"},
            {_BACK: "delta @ weights[layer - 1] * _slope(cache[layer - 1][0])"},
            {_BACK: "delta @ weights[layer - 1] * np.hstack([v * (1 - v), np.ones((len(v), 1))])"},
        ),
        Slip(
            "first column dropped",
            "The first column of W was dropped on the way back in place of the last: the bias is the last column.",
            {"weights[layer - 1][:, :-1]": "weights[layer - 1][:, 1:]"},
        ),
        Slip(
            "φ′ at the output",
            "The output error signal was multiplied by φ′: the output is linear, so δ = 2(f − y)/(N·n_L) there.",
            {_DELTA: "2 * (f - y) / f.size * f * (1 - f)"},
            {_DELTA: "2 * (f - y) / f.size * _slope(f)"},
        ),
        Slip(
            "order of the layers",
            "The gradients are in the wrong order: the backward pass goes from the last layer to the first, the list "
            "from the first to the last.",
            {"gradients.insert(0, delta.T @ V)": "gradients.append(delta.T @ V)"},
        ),
        Slip(
            "tanh for sigmoid",
            "1 − v² is the slope of tanh; for the sigmoid it is v(1 − v).",
            {"* v * (1 - v)": "* (1 - v**2)"},
        ),
        Slip(
            "weights left out",
            "The error signal went back without W̄: Δ of the layer before is (ΔW̄) ⊙ φ′(Z).",
            {"(delta @ weights[layer - 1][:, :-1])": "delta.sum(axis=1, keepdims=True)"},
        ),
        Slip(
            "labels left out",
            "The labels are missing: the error signal is 2(f − y).",
            {"(f - y)": "f"},
        ),
    ),
    hints=(
        "Start at the output: with ℓ = mean of (f − y)², what is Δ = ∂ℓ/∂Z of the last layer? Its shape is that of f.",
        "In each layer two things happen: ∇W = ΔᵀV with the V that came in, and then Δ goes back: (ΔW̄) ⊙ φ′(Z).",
        "v = V[:, :-1] is φ(Z), so φ′(Z) = v(1 − v). Insert each gradient at the front of the list.",
    ),
    why="Three lines of the lecture: Δ at the output, ∇W = ΔᵀV, Δ = (ΔW̄) ⊙ φ′(Z).",
)


def _slope(z):
    return 1 / (1 + np.exp(-z)) / (1 + np.exp(z))


def _with_bias(gradient, delta):
    """A gradient whose bias column was set to all of Δ, which fits for one example only."""
    gradient[:, -1] = delta
    return gradient


def _with_its_bias(delta, Z):
    """φ′ at [Z 1], so that the bias node gets an error signal."""
    return delta * _slope(np.hstack([Z, np.ones((len(Z), 1))]))


# --- 08.gradient_check -----------------------------------------------------------------------------------------------


def gradient_check(loss, params, grads):
    """How far gradients are from central differences: ‖n − g‖ / (‖n‖ + ‖g‖), one float over all entries together.

    loss(params) is a float; params and grads are lists of arrays, pair by pair of one shape. n are the central
    differences of the loss, g the gradients to be checked. The arrays in params are unchanged in the end.
    """
    h = 1e-5
    numerical = []
    for p in params:
        for index in np.ndindex(p.shape):
            kept = p[index]
            p[index] = kept + h
            above = loss(params)
            p[index] = kept - h
            below = loss(params)
            p[index] = kept
            numerical.append((above - below) / (2 * h))
    n = np.array(numerical)
    g = np.concatenate([gradient.ravel() for gradient in grads])
    return np.linalg.norm(n - g) / (np.linalg.norm(n) + np.linalg.norm(g))


def gradient_check_on_copies(loss, params, grads):
    n = [np.zeros_like(p) for p in params]
    for k, p in enumerate(params):
        for index in np.ndindex(p.shape):
            moved = [[q.copy() for q in params] for _ in range(2)]
            moved[0][k][index] += 1e-4
            moved[1][k][index] -= 1e-4
            realised = moved[0][k][index] - moved[1][k][index]
            n[k][index] = (loss(moved[0]) - loss(moved[1])) / realised
    difference = np.sqrt(sum(np.sum((a - b) ** 2) for a, b in zip(n, grads)))
    lengths = [np.sqrt(sum(np.sum(a**2) for a in arrays)) for arrays in (n, grads)]
    return float(difference / sum(lengths))


def gradient_check_cases(seed):
    rng = np.random.default_rng(seed)
    cases = []
    for shapes, change in [
        ([(1,)], 1.3),
        ([(2,)], 1.0),
        ([(2, 3), (2,)], 1.0),
        ([(2, 2), (3,)], 0.9),
        ([(3,), (1, 2), (2,)], -1.0),
    ]:
        # Near its minimum a steep parabola: a one-sided difference is far off there, a central one is exact.
        curvature = [rng.uniform(300.0, 700.0, size=shape) for shape in shapes]
        slope = [rng.uniform(1.0, 2.0, size=shape) * rng.choice([-1.0, 1.0], size=shape) for shape in shapes]
        params = [rng.uniform(-0.004, 0.004, size=shape) for shape in shapes]
        grads = [2 * c * p + b + np.cos(p) for c, b, p in zip(curvature, slope, params)]
        # Of three arrays the middle one is farthest off, so that neither the first nor the last is also the worst.
        worst = len(grads) // 2 if len(grads) > 2 else 0
        grads[worst] = grads[worst] * change
        grads[-1][..., -1] *= 1.0 if change == 1.0 else 0.5
        cases.append(call({"loss": [curvature, slope]}, params, grads))
    return cases


_RATIO = "np.linalg.norm(n - g) / (np.linalg.norm(n) + np.linalg.norm(g))"

GRADIENT_CHECK = Exercise(
    id="08.gradient_check",
    points=3,
    reference=gradient_check,
    cases=gradient_check_cases,
    driving=("functions",),
    tolerance=Tolerance(
        relative=1e-5,
        absolute=1e-6,
        reason="the step is the learner's choice, and moves a central difference by up to h²/6 of the third derivative",
    ),
    alternatives=(gradient_check_on_copies,),
    slips=(
        Slip(
            "one-sided",
            "The differences are one-sided, so their error is of order h: central ones, (ℓ(p+h) − ℓ(p−h))/(2h), "
            "have h².",
            {"p[index] = kept - h": "p[index] = kept", "(2 * h)": "h"},
            {"p[index] = kept + h": "p[index] = kept", "(2 * h)": "h"},
            {"p[index] = kept - h": "p[index] = kept", "(2 * h)": "h", "h = 1e-5": "h = 1e-6"},
            {"p[index] = kept - h": "p[index] = kept", "(2 * h)": "h", "h = 1e-5": "h = 1e-4"},
            {"p[index] = kept - h": "p[index] = kept", "(2 * h)": "h", "h = 1e-5": "h = 1e-7"},
            {"p[index] = kept - h": "p[index] = kept", "(2 * h)": "h", "h = 1e-5": "h = 1e-3"},
        ),
        Slip(
            "tiny h",
            "The step is so small that rounding drowns the difference: near h = 1e−5 a central difference is at its "
            "best.",
            {"h = 1e-5": "h = 1e-12"},
            {"h = 1e-5": "h = 1e-13"},
            {"h = 1e-5": "h = 1e-14"},
        ),
        Slip(
            "h for 2h",
            "The difference was divided by h; from p − h to p + h the way is 2h.",
            {"(2 * h)": "h"},
        ),
        Slip(
            "params not restored",
            "The parameters were not put back, so that every later difference is taken elsewhere.",
            {"            p[index] = kept\n": ""},
            {"            p[index] = kept\n": "            p[index] = kept + h\n"},
        ),
        Slip(
            "denominator missing",
            "‖n − g‖ was not divided by ‖n‖ + ‖g‖: without it the number depends on the size of the gradient.",
            {_RATIO: "np.linalg.norm(n - g)"},
            {_RATIO: "np.max(np.abs(n - g))"},
        ),
        Slip(
            "one norm in the denominator",
            "The denominator is ‖n‖ + ‖g‖, the sum of both norms.",
            {_RATIO: "np.linalg.norm(n - g) / np.linalg.norm(n)"},
            {_RATIO: "np.linalg.norm(n - g) / np.linalg.norm(g)"},
            {_RATIO: "np.linalg.norm(n - g) / max(np.linalg.norm(n), np.linalg.norm(g))"},
            {_RATIO: "np.linalg.norm(n - g) / np.linalg.norm(n + g)"},
        ),
        Slip(
            "difference of the norms",
            "The norms were subtracted; asked is the norm of the difference n − g.",
            {"np.linalg.norm(n - g)": "abs(np.linalg.norm(n) - np.linalg.norm(g))"},
            {"np.linalg.norm(n - g)": "(np.linalg.norm(n) - np.linalg.norm(g))"},
        ),
        Slip(
            "array by array",
            "The ratio was taken for each array and then averaged (or the largest taken): the norms run over all "
            "entries.",
            lambda loss, params, grads: np.mean(_ratios(loss, params, grads)),
            lambda loss, params, grads: np.max(_ratios(loss, params, grads)),
            lambda loss, params, grads: np.sum(_ratios(loss, params, grads)),
            lambda loss, params, grads: _ratios(loss, params, grads),
        ),
        Slip(
            "one array only",
            "Only one of the arrays was compared: all entries of all arrays go into one n and one g.",
            lambda loss, params, grads: _ratios(loss, params, grads)[0],
            lambda loss, params, grads: _ratios(loss, params, grads)[-1],
        ),
        Slip(
            "entry by entry",
            "The ratio was taken for each entry; the norms run over all entries together.",
            {_RATIO: "np.max(np.abs(n - g) / (np.abs(n) + np.abs(g)))"},
            {_RATIO: "np.mean(np.abs(n - g) / (np.abs(n) + np.abs(g)))"},
        ),
        Slip(
            "root left out",
            "The sums of squares were used without their roots: ‖·‖ is the root of the sum of squares.",
            {_RATIO: "np.sum((n - g) ** 2) / (np.sum(n ** 2) + np.sum(g ** 2))"},
            {_RATIO: "np.sum(np.abs(n - g)) / (np.sum(np.abs(n)) + np.sum(np.abs(g)))"},
        ),
    ),
    hints=(
        "For every single entry: move it by +h and by −h, compute the loss both times, put it back.",
        "np.ndindex(p.shape) goes over the entries of an array of any shape.",
        "Collect all differences in one long vector, and all gradients in another; the norms run over both.",
    ),
    why="One number for all entries: small gradients beside large ones do not raise an alarm of their own.",
)


def _ratios(loss, params, grads):
    ratios = []
    for p, g in zip(params, grads):
        n = np.zeros_like(p)
        for index in np.ndindex(p.shape):
            kept = p[index]
            p[index] = kept + 1e-5
            above = loss(params)
            p[index] = kept - 1e-5
            n[index] = (above - loss(params)) / 2e-5
            p[index] = kept
        ratios.append(np.linalg.norm(n - g) / (np.linalg.norm(n) + np.linalg.norm(g)))
    return ratios


EXERCISES = (LINEAR_BACKWARD, ACTIVATION_BACKWARD, MLP_BACKWARD, GRADIENT_CHECK)
