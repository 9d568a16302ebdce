"""Lesson 01, forward propagation: augment, affine, forward, count_parameters."""

import numpy as np

from dlcalc.exercises.exercise import Exercise, Slip, call

# --- 01.augment ------------------------------------------------------------------------------------------------------


def augment(X):
    """X with its column of ones: [X 1].

    X has shape (N, d), one example per row. The result has shape (N, d+1); its last column is 1.0.
    """
    ones = np.ones((X.shape[0], 1))
    return np.hstack([X, ones])


def augment_by_filling(X):
    augmented = np.empty((len(X), X.shape[1] + 1))
    augmented[:, :-1] = X
    augmented[:, -1] = 1.0
    return augmented


def augment_cases(seed):
    rng = np.random.default_rng(seed)
    return [call(rng.normal(size=shape)) for shape in [(1, 1), (2, 3), (3, 3), (5, 2), (4, 1)]]


AUGMENT = Exercise(
    id="01.augment",
    points=1,
    reference=augment,
    cases=augment_cases,
    alternatives=(
        augment_by_filling,
        lambda X: np.c_[X, np.ones(len(X))],
        lambda X: np.pad(X, ((0, 0), (0, 1)), constant_values=1.0),
        lambda X: np.array([[*row, 1.0] for row in X]),
    ),
    slips=(
        Slip(
            "ones prepended",
            "The ones stand in the first column; here they are the last one, because W = [W̄ | b] has its bias last.",
            {"[X, ones]": "[ones, X]"},
        ),
        Slip(
            "a row of ones",
            "The ones were added as a further row, one more example: each example (row) needs its own 1.",
            lambda X: np.vstack([X, np.ones((1, X.shape[1]))]),
        ),
        Slip(
            "zeros for ones",
            "The last column is 0, so that the bias would be multiplied by 0: it must be 1.",
            {"np.ones": "np.zeros"},
        ),
        Slip(
            "X flattened",
            "The rows of X have run together: without an axis np.append flattens X. Each row needs its own 1.",
            lambda X: np.append(X, 1.0),
            lambda X: np.append(X, np.ones(len(X))),
        ),
        Slip(
            "ones in place of the last feature",
            "The last feature has been overwritten by ones: the result needs one column more than X.",
            {"[X, ones]": "[X[:, :-1], ones]"},
        ),
    ),
    hints=(
        "How many ones are needed: one for each row or one for each column?",
        "np.ones((N, 1)) is a column of ones.",
        "np.hstack([A, B]) puts two matrices side by side.",
    ),
    why="One column of ones turns W̄x + b into a single product.",
)

# --- 01.affine -------------------------------------------------------------------------------------------------------


def affine(X, W):
    """Pre-activations Z = [X 1] Wᵀ of one layer.

    X has shape (N, d), without ones; W has shape (n, d+1), its last column is the bias. The result has shape (N, n).
    """
    ones = np.ones((len(X), 1))
    V = np.hstack([X, ones])
    return V @ W.T


def affine_by_loops(X, W):
    Z = np.zeros((len(X), len(W)))
    for example in range(len(X)):
        for unit in range(len(W)):
            Z[example, unit] = sum(X[example, i] * W[unit, i] for i in range(X.shape[1])) + W[unit, -1]
    return Z


def affine_cases(seed):
    rng = np.random.default_rng(seed)
    # (N, d, n): a square W, a W that fits X without its transpose, one unit, one example, N = n, and a general one.
    sizes = [(1, 1, 1), (3, 2, 1), (2, 2, 3), (3, 2, 2), (1, 3, 2), (3, 4, 3), (5, 3, 2)]
    return [call(rng.normal(size=(N, d)), rng.normal(size=(n, d + 1))) for N, d, n in sizes]


AFFINE = Exercise(
    id="01.affine",
    points=2,
    reference=affine,
    cases=affine_cases,
    alternatives=(
        affine_by_loops,
        lambda X, W: X @ W[:, :-1].T + W[:, -1],
        lambda X, W: (W[:, :-1] @ X.T + W[:, -1:]).T,
        lambda X, W: np.einsum("ni,ji->nj", X, W[:, :-1]) + W[:, -1],
    ),
    slips=(
        Slip(
            "X@W",
            "The product was taken with W, not with Wᵀ: a row of W belongs to one unit, so look at the shapes of "
            "[X 1] (N, d+1) and W (n, d+1). When W is square the product exists and is silently wrong.",
            {"V @ W.T": "V @ W"},
            lambda X, W: X @ W,
            lambda X, W: X @ W[:, :-1] + W[:, -1],
        ),
        Slip(
            "ones prepended",
            "The bias was taken from the first column of W (the ones stand first): W = [W̄ | b] has its bias last.",
            {"[X, ones]": "[ones, X]"},
        ),
        Slip(
            "column of ones forgotten",
            "X was multiplied by Wᵀ without its column of ones: W has d+1 columns, so the d of X do not fit; append "
            "the ones first.",
            {"V @ W.T": "X @ W.T"},
        ),
        Slip(
            "bias left out",
            "The bias is missing: the last column of W is never used. Without it every line passes through 0.",
            lambda X, W: X @ W[:, :-1].T,
        ),
        Slip(
            "broadcast to (N,N)",
            "The bias was added along the wrong axis: b has one entry for each unit and goes into the rows of Z. An "
            "(N, 1) and an (N,) broadcast to (N, N).",
            lambda X, W: X @ W[:, :-1].T + W[:, -1:],
            lambda X, W: X @ W[:, :-1].T + W[:, -1] * np.ones(len(X)),
            lambda X, W: X @ W[0, :-1] + W[:, -1:] * np.ones((len(X), 1)),
        ),
        Slip(
            "gradient layout",
            "The result is transposed: one example per row, one unit per column, so (N, n) and not (n, N).",
            {"V @ W.T": "W @ V.T"},
        ),
    ),
    hints=(
        "Write the shapes under the symbols: [X 1] is (N, d+1), W is (n, d+1), Z is (N, n).",
        "Which of the two must be transposed so that the d+1 meet?",
        "First append the column of ones (01.augment), then one @.",
    ),
    why="Row by row this is z = W [x; 1]; for a batch the rows of X stand on the left, so W is transposed.",
)

# --- 01.forward ------------------------------------------------------------------------------------------------------


def forward(X, weights, phi):
    """All pre-activations and activations of a network with L ≥ 1 weight layers, as a list of L pairs (Z, V).

    X has shape (N, d), without ones; weights is a list of matrices (n_l, n_{l-1}+1), the bias last; phi works on
    arrays. Each hidden layer gives the pair (Z, V) with V = [φ(Z) 1]. The output is linear: the last pair is (Z, Z),
    without φ and without ones.
    """
    ones = np.ones((len(X), 1))
    V = np.hstack([X, ones])
    pairs = []
    for W in weights[:-1]:
        Z = V @ W.T
        V = np.hstack([phi(Z), ones])
        pairs.append((Z, V))
    Z = V @ weights[-1].T
    pairs.append((Z, Z))
    return pairs


def forward_by_separate_bias(X, weights, phi):
    pairs, V = [], X
    for layer, W in enumerate(weights, start=1):
        Z = np.einsum("ni,ji->nj", V, W[:, :-1]) + W[:, -1]
        if layer == len(weights):
            pairs.append([Z, Z])
        else:
            V = phi(Z)
            pairs.append([Z, np.column_stack([V, np.ones(len(V))])])
    return tuple(pairs)


def forward_cases(seed):
    rng = np.random.default_rng(seed)
    networks = [
        (1, [1, 1], "sigmoid"),
        (1, [1, 1, 1], "sigmoid"),
        (2, [2, 3, 4], "tanh"),
        (3, [4, 3, 2], "sigmoid"),
        (4, [2, 3, 1], "relu"),
        (2, [3, 4, 2, 3], "tanh"),
    ]
    return [
        call(
            rng.normal(size=(N, sizes[0])),
            [rng.normal(size=(n, m + 1)) for m, n in zip(sizes[:-1], sizes[1:], strict=True)],
            {"phi": phi},
        )
        for N, sizes, phi in networks
    ]


def forward_label(path):
    """Z of layer 2, V of layer 1."""
    if len(path) == 2:
        return f"{'ZV'[path[1]]} of layer {path[0] + 1}"
    return f"the pair of layer {path[0] + 1}" if path else "the result"


FORWARD = Exercise(
    id="01.forward",
    points=3,
    reference=forward,
    cases=forward_cases,
    driving=("activations",),
    label=forward_label,
    alternatives=(forward_by_separate_bias,),
    slips=(
        Slip(
            "hidden layer not augmented again",
            "A hidden layer has no column of ones: every layer but the output has its own bias node, so V = [φ(Z) 1].",
            {"V = np.hstack([phi(Z), ones])": "V = phi(Z)"},
            {"pairs.append((Z, V))": "pairs.append((Z, V[:, :-1]))"},
            {
                "V = np.hstack([phi(Z), ones])": "V = phi(Z)",
                "V @ W.T": "V @ W[:, : V.shape[1]].T",
                "V @ weights[-1].T": "V @ weights[-1][:, : V.shape[1]].T",
            },
        ),
        Slip(
            "input not augmented",
            "The input has no column of ones: it is a layer with a bias node too, so begin with V = [X 1].",
            {"V = np.hstack([X, ones])": "V = X"},
            {"V = np.hstack([X, ones])": "V = X", "V @ W.T": "V @ W[:, : V.shape[1]].T"},
        ),
        Slip(
            "φ applied to the bias node",
            "φ was applied to the column of ones too: the bias node is the constant 1, so append it after φ.",
            {"np.hstack([phi(Z), ones])": "phi(np.hstack([Z, ones]))"},
        ),
        Slip(
            "φ on the linear output",
            "φ was applied to the last layer: the output is linear, f = Z of the last layer.",
            {"pairs.append((Z, Z))": "pairs.append((Z, phi(Z)))"},
            {"pairs.append((Z, Z))": "pairs.append((phi(Z), phi(Z)))"},
            {"pairs.append((Z, Z))": "pairs.append((Z, np.hstack([phi(Z), ones])))"},
            {"pairs.append((Z, Z))": "pairs.append((Z, phi(Z)))", "pairs.append((Z, V))": "pairs.append((Z, phi(Z)))"},
        ),
        Slip(
            "ones on the output",
            "A column of ones was appended to the output: no layer follows it, so it needs no bias node.",
            {"pairs.append((Z, Z))": "pairs.append((Z, np.hstack([Z, ones])))"},
        ),
        Slip(
            "ones prepended",
            "The ones stand in the first column of V; the bias is the last column of W, so the ones come last.",
            {"[X, ones]": "[ones, X]", "[phi(Z), ones]": "[ones, phi(Z)]"},
            {"[phi(Z), ones]": "[ones, phi(Z)]"},
            {"[X, ones]": "[ones, X]"},
        ),
        Slip(
            "X@W",
            "The product was taken with W, not with Wᵀ; when W is square this is silently wrong. Look at the shapes: "
            "V is (N, n_{l-1}+1), W is (n_l, n_{l-1}+1).",
            {"V @ W.T": "V @ W", "V @ weights[-1].T": "V @ weights[-1]"},
            {"V @ W.T": "V @ W"},
        ),
        Slip(
            "φ left out",
            "φ is never applied: the hidden layers are linear, and then the whole network is a single linear layer.",
            {"phi(Z)": "Z"},
        ),
        Slip(
            "pairs swapped",
            "The pairs are (V, Z); asked are (Z, V): first the pre-activation, then the activation.",
            {"pairs.append((Z, V))": "pairs.append((V, Z))"},
        ),
        Slip(
            "input among the pairs",
            "The list begins with the input layer, so it has L+1 items; asked are the L weight layers only.",
            {"pairs = []": "pairs = [(X, V)]"},
        ),
        Slip(
            "output missing",
            "The last pair is missing: the output layer belongs to the list as (Z, Z).",
            {"    pairs.append((Z, Z))\n": ""},
        ),
    ),
    hints=(
        "Each layer does the same two steps, Z = V Wᵀ and V = [φ(Z) 1]; only the last one stops after the first.",
        "Loop over weights[:-1] for the hidden layers, and treat weights[-1] after the loop.",
        "Start from V = [X 1]; keep (Z, V) in a list as you go.",
    ),
    why="Backpropagation will need every Z (for φ′) and every V (for the weight gradients), so both are kept.",
)

# --- 01.count_parameters ---------------------------------------------------------------------------------------------


def count_parameters(sizes):
    """How many weights, biases included, a network of widths n_0, …, n_L has.

    sizes is a list of integers, without the bias nodes. The result is the integer Σ_{l=1}^{L} n_l (n_{l-1} + 1).
    """
    total = 0
    for m, n in zip(sizes[:-1], sizes[1:]):
        total += n * (m + 1)
    return total


def count_parameters_cases(seed):
    rng = np.random.default_rng(seed)
    drawn = [[int(n) for n in rng.permutation(np.arange(2, 40))[:length]] for length in (3, 4, 5)]
    return [call(sizes) for sizes in ([2, 1], [5, 3, 1], *drawn)]


COUNT_PARAMETERS = Exercise(
    id="01.count_parameters",
    points=1,
    reference=count_parameters,
    cases=count_parameters_cases,
    alternatives=(
        lambda sizes: sum(sizes[i] * (sizes[i - 1] + 1) for i in range(1, len(sizes))),
        lambda sizes: np.dot(sizes[1:], np.add(sizes[:-1], 1)),
        lambda sizes: sum(np.zeros((n, m + 1)).size for m, n in zip(sizes, sizes[1:])),
    ),
    slips=(
        Slip(
            "biases not counted",
            "The biases are not counted: each unit has one weight for every node of the layer before and one bias.",
            {"(m + 1)": "m"},
        ),
        Slip(
            "one bias for each layer",
            "One bias was counted for each layer; each unit of a layer has its own.",
            {"n * (m + 1)": "n * m + 1"},
        ),
        Slip(
            "bias nodes as units",
            "A bias node was counted as a unit with weights of its own: nothing flows into it.",
            {"n * (m + 1)": "(n + 1) * (m + 1)"},
        ),
        Slip(
            "biases of the layer before",
            "The +1 stands at the wrong layer: W has n_l rows and n_{l-1}+1 columns.",
            {"n * (m + 1)": "(n + 1) * m"},
        ),
        Slip(
            "biases of the input",
            "The input units were given biases too; only layers 1 to L have weights and biases.",
            {"total = 0": "total = sizes[0]"},
        ),
    ),
    hints=(
        "How many entries has one matrix W of shape (n_l, n_{l-1}+1)?",
        "Add them up over the layers l = 1..L; check by hand that [5, 3, 1] gives 22.",
    ),
    why="3·(5+1) + 1·(3+1) = 22 for the lecture's 5-3-1 network.",
)

EXERCISES = (AUGMENT, AFFINE, FORWARD, COUNT_PARAMETERS)
