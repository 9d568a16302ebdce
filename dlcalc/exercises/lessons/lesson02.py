"""Lesson 02, the gradient and stochastic gradient descent: mse, grad_linear, minibatches, sgd_step."""

import numpy as np

from dlcalc.exercises.comparison import as_array, items_of
from dlcalc.exercises.exercise import Exercise, Slip, call

# --- 02.mse ----------------------------------------------------------------------------------------------------------


def mse(y_hat, y):
    """The mean-squared error: the mean of (ŷ − y)² over all entries.

    y_hat and y are arrays of one and the same shape, which may be any. The result is a float.
    """
    return float(np.mean((y_hat - y) ** 2))


def mse_by_loop(y_hat, y):
    total = 0.0
    for guess, label in zip(np.ravel(y_hat), np.ravel(y)):
        total += (guess - label) ** 2
    return total / np.size(y)


def mse_cases(seed):
    rng = np.random.default_rng(seed)
    shapes = [(1,), (3,), (2, 3), (4, 1), (), (2, 2, 3)]
    return [call(np.array(rng.normal(size=shape)), np.array(rng.normal(size=shape))) for shape in shapes]


MSE = Exercise(
    id="02.mse",
    points=1,
    reference=mse,
    cases=mse_cases,
    alternatives=(
        mse_by_loop,
        lambda y_hat, y: np.sum((y - y_hat) ** 2) / y.size,
        lambda y_hat, y: np.square(y_hat - y).mean(),
        lambda y_hat, y: np.array(np.vdot(y_hat - y, y_hat - y) / y_hat.size),
    ),
    slips=(
        Slip(
            "sum for mean",
            "This is the sum of the squares; the mean divides it by the number of entries.",
            {"np.mean": "np.sum"},
        ),
        Slip(
            "mean over N only",
            "The sum was divided by the number of rows N; the mean over all entries divides by N·n_L (y.size).",
            lambda y_hat, y: np.sum((y_hat - y) ** 2) / (len(y) if np.ndim(y) else 1),
            {"np.mean((y_hat - y) ** 2)": "np.sum((y_hat - y) ** 2) / len(y)"},
            {"np.mean((y_hat - y) ** 2)": "np.sum((y_hat - y) ** 2) / y.shape[0]"},
            lambda y_hat, y: np.sum(np.mean((y_hat - y) ** 2, axis=0)) if np.ndim(y) else (y_hat - y) ** 2,
            lambda y_hat, y: np.mean(np.sum((y_hat - y) ** 2, axis=-1)) if np.ndim(y) > 1 else mse(y_hat, y),
        ),
        Slip(
            "factor ½",
            "There is a ½ in front: the mean-squared error has none (half_squared_error has).",
            {"np.mean((y_hat - y) ** 2)": "np.mean((y_hat - y) ** 2) / 2"},
        ),
        Slip(
            "not squared",
            "The errors are not squared, so that positive and negative ones cancel (or only their sizes are averaged).",
            {"(y_hat - y) ** 2": "y_hat - y"},
            {"(y_hat - y) ** 2": "np.abs(y_hat - y)"},
            {"(y_hat - y) ** 2": "y - y_hat"},
        ),
        Slip(
            "square of the mean",
            "The mean was squared; asked is the mean of the squares. Square first, then average.",
            {"np.mean((y_hat - y) ** 2)": "np.mean(y_hat - y) ** 2"},
        ),
        Slip(
            "root",
            "The root was taken; the mean-squared error is the mean of the squares, without a root.",
            {"np.mean((y_hat - y) ** 2)": "np.sqrt(np.mean((y_hat - y) ** 2))"},
            {"np.mean((y_hat - y) ** 2)": "np.sqrt(np.sum((y_hat - y) ** 2))"},
        ),
        Slip(
            "sum of the two",
            "ŷ + y was squared; the error is the difference ŷ − y.",
            {"y_hat - y": "y_hat + y"},
        ),
        Slip(
            "broadcast to (N,N)",
            "An (N, 1) and an (N,) met and made the table of all N×N differences; both shapes must be the same.",
            lambda y_hat, y: np.mean((y_hat.reshape(-1, 1) - y.reshape(-1)) ** 2),
        ),
    ),
    hints=(
        "Three steps from the inside out: the difference, its square, the mean.",
        "np.mean without an axis averages over all entries, whatever the shape.",
    ),
    why="np.mean without an axis divides by the number of entries, N·n_L.",
)

# --- 02.grad_linear --------------------------------------------------------------------------------------------------


def grad_linear(w, X, y):
    """The gradient of the mean-squared error of the linear model ŷ = Xw with respect to w: 2/N · Xᵀ(Xw − y).

    w has shape (d,), X (N, d) is used as given (no ones are appended), y has shape (N,). The result has shape (d,).
    """
    residual = X @ w - y
    return 2 / len(X) * X.T @ residual


def grad_linear_by_loop(w, X, y):
    gradient = np.zeros(len(w))
    for x, label in zip(X, y):
        gradient += 2 * (np.sum(x * w) - label) * x
    return gradient / len(y)


def grad_linear_cases(seed):
    rng = np.random.default_rng(seed)
    sizes = [(1, 1), (1, 2), (3, 1), (3, 3), (4, 2), (3, 5)]
    return [call(rng.normal(size=d), rng.normal(size=(N, d)), rng.normal(size=N)) for N, d in sizes]


GRAD_LINEAR = Exercise(
    id="02.grad_linear",
    points=2,
    reference=grad_linear,
    cases=grad_linear_cases,
    alternatives=(
        grad_linear_by_loop,
        lambda w, X, y: np.mean(2 * (X @ w - y)[:, None] * X, axis=0),
        lambda w, X, y: 2 * (X.T @ X @ w - X.T @ y) / len(y),
        lambda w, X, y: np.einsum("n,nd->d", np.einsum("nd,d->n", X, w) - y, X) * (2 / y.size),
    ),
    slips=(
        Slip(
            "sign of the residual",
            "The sign is wrong: the residual is ŷ − y = Xw − y, not y − Xw, so this points downhill.",
            {"X @ w - y": "y - X @ w"},
            {"X @ w - y": "X @ w + y"},
        ),
        Slip(
            "factor 2 lost",
            "The factor 2 is missing: the derivative of (ŷ − y)² is 2(ŷ − y).",
            {"2 / len(X)": "1 / len(X)"},
        ),
        Slip(
            "sum for mean",
            "The 1/N is missing: this is the gradient of the sum, N times too long.",
            {"2 / len(X)": "2"},
        ),
        Slip(
            "factor 2 lost in the sum",
            "Both the 2 and the 1/N are missing: this is Xᵀ(Xw − y), the gradient of ½Σ(ŷ − y)².",
            {"2 / len(X)": "1"},
        ),
        Slip(
            "mean over d",
            "The sum was divided by d, the number of weights; the mean is over the N examples.",
            {"len(X)": "X.shape[1]"},
        ),
        Slip(
            "1/N twice",
            "The 1/N stands there twice (np.mean divides by N already).",
            {"2 / len(X)": "2 / len(X) ** 2"},
        ),
        Slip(
            "no transpose",
            "X was not transposed: Xᵀ (d, N) takes the N residuals to d entries. When N = d the shapes do not tell.",
            {"X.T @ residual": "X @ residual"},
        ),
        Slip(
            "residual missing",
            "The prediction or the label is missing from the residual Xw − y.",
            {"X @ w - y": "X @ w"},
            {"X @ w - y": "-y"},
            {"X @ w - y": "y"},
        ),
        Slip(
            "mean times mean",
            "The mean of the residuals was multiplied by the mean of X: multiply example by example, then average.",
            lambda w, X, y: 2 * np.mean(X @ w - y) * np.mean(X, axis=0),
        ),
        Slip(
            "residual times w",
            "The residual was multiplied by w; the derivative of Xw with respect to w is X.",
            lambda w, X, y: 2 / len(X) * np.sum(X @ w - y) * w,
        ),
        Slip(
            "residual alone",
            "The residual was averaged without X: the derivative of Xw with respect to w is X.",
            lambda w, X, y: 2 / len(X) * np.sum(X @ w - y) * np.ones(len(w)),
        ),
        Slip(
            "broadcast to (N,N)",
            "An (N, 1) and an (N,) met and made the table of all N×N differences: keep Xw and y in one shape.",
            lambda w, X, y: 2 / len(X) * np.sum(X.T @ ((X @ w)[:, None] - y), axis=1),
            lambda w, X, y: 2 / len(X) * X.T @ ((X @ w)[:, None] - y),
            lambda w, X, y: np.mean(2 * ((X @ w)[:, None] - y) @ X, axis=0),
        ),
    ),
    hints=(
        "Write ℓ = 1/N Σ_i (x_i·w − y_i)² and differentiate one summand with respect to w_j.",
        "∂ℓ/∂w_j = 2/N Σ_i (x_i·w − y_i) x_ij: which matrix product sums over the examples i?",
        "Check on one example and one weight: X = [[1.]], w = [2.], y = [0.] gives [4.].",
    ),
    why="The sum over examples is the product with Xᵀ; 2 comes from the square, 1/N from the mean.",
)

# --- 02.minibatches --------------------------------------------------------------------------------------------------


def minibatches(n, batch_size, rng):
    """The indices 0, …, n−1 in random order, cut into mini-batches: a list, or a generator.

    Each index stands in exactly one batch. All batches are full but the last, which may be shorter. The order comes
    from rng (a numpy.random.Generator) alone.
    """
    order = rng.permutation(n)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]


def minibatches_by_yielding(n, batch_size, rng):
    indices = list(range(n))
    rng.shuffle(indices)
    while indices:
        yield indices[:batch_size]
        indices = indices[batch_size:]


def minibatches_cases(seed):
    rng = np.random.default_rng(seed)
    sizes = [(1, 1), (6, 2), (13, 5), (5, 8), (24, 6), (30, 7)]
    drawn = [[int(value) for value in rng.integers(2**32, size=2)] for _ in sizes]
    return [
        {"way": "batches", "arguments": (n, batch_size), "seeds": [first, first, second]}
        for (n, batch_size), (first, second) in zip(sizes, drawn)
    ]


def compare_minibatches(case, value, _expected):
    """What is wrong with the batches of three runs, of which the first two had the same seed."""
    n, batch_size = case["arguments"]
    runs = [_as_batches(run) for run in items_of(value)]
    if len(runs) != 3 or None in runs:
        return "Each batch must be a sequence of integer indices."
    for batches in runs:
        complaint = _complaint(batches, n, batch_size)
        if complaint:
            return complaint
    first, again, other = ([index for batch in batches for index in batch] for batches in runs)
    if n > 10 and first != again:
        return "Two runs with one seed give two orders: the order must come from rng alone."
    if n > 10 and first == list(range(n)):
        return "The indices come in their natural order: they must be shuffled."
    if n > 10 and first == other:
        return "The order does not depend on rng."
    consecutive = all(batch == list(range(batch[0], batch[0] + len(batch))) for batch in runs[0])
    if n > 10 and consecutive:
        return "Each batch is a run of neighbouring indices: the indices must be shuffled, not the batches."
    members = [sorted(map(sorted, batches)) for batches in (runs[0], runs[2])]
    if n > 20 and members[0] == members[1]:
        return "With another seed the same indices stand together in a batch: shuffle all of them, then cut."
    return ""


def _as_batches(run):
    batches = [_as_indices(batch) for batch in items_of(run)]
    return None if None in batches else batches


def _as_indices(batch):
    if batch.get("kind") == "sequence":
        entries = [as_array(item) for item in batch["items"]]
        numbers = all(entry is not None and entry.shape == () and entry.dtype.kind in "iuf" for entry in entries)
        whole = numbers and all(np.isfinite(entry) and entry == int(entry) for entry in entries)
        return [int(entry) for entry in entries] if whole else None
    indices = as_array(batch)
    flat = indices is not None and indices.ndim == 1 and indices.dtype.kind in "iu"
    return [int(index) for index in indices] if flat else None


def _complaint(batches, n, batch_size):
    found = [index for batch in batches for index in batch]
    lengths = [len(batch) for batch in batches]
    if any(index < 0 or index >= n for index in found):
        return "An index outside 0, …, n−1 stands in a batch."
    if len(set(found)) < len(found):
        return "An index stands in more than one place."
    if len(found) < n:
        return "Some indices stand in no batch."
    if any(length != batch_size for length in lengths[:-1]) or not 0 < lengths[-1] <= batch_size:
        return "The batches have the wrong sizes: all are full but the last, which holds the rest."
    return ""


MINIBATCHES = Exercise(
    id="02.minibatches",
    points=2,
    reference=minibatches,
    cases=minibatches_cases,
    compare=compare_minibatches,
    alternatives=(
        minibatches_by_yielding,
        lambda n, batch_size, rng: np.split(rng.permutation(n), range(batch_size, n, batch_size)),
        lambda n, batch_size, rng: [
            batch.tolist() for batch in np.split(rng.choice(n, n, replace=False), np.arange(batch_size, n, batch_size))
        ],
        lambda n, batch_size, rng: (
            np.argsort(order)[k : k + batch_size] for order in [rng.random(n)] for k in range(0, n, batch_size)
        ),
    ),
    slips=(
        Slip(
            "last batch dropped",
            "The last, shorter batch is dropped, so that its examples are never learned from in this epoch.",
            {"range(0, n, batch_size)": "range(0, n - batch_size + 1, batch_size)"},
            {"range(0, n, batch_size)": "range(0, n // batch_size * batch_size, batch_size)"},
        ),
        Slip(
            "sampling with replacement",
            "The indices are drawn with replacement: some come twice and others never. An epoch takes each index once.",
            {"rng.permutation(n)": "rng.integers(n, size=n)"},
            {"rng.permutation(n)": "rng.choice(n, size=n)"},
            lambda n, batch_size, rng: [
                rng.choice(n, min(batch_size, n), replace=False) for _ in range(0, n, batch_size)
            ],
            lambda n, batch_size, rng: [rng.integers(n, size=batch_size) for _ in range(-(-n // batch_size))],
            lambda n, batch_size, rng: [rng.integers(n, size=batch_size) for _ in range(n // batch_size)],
            lambda n, batch_size, rng: [rng.choice(n, batch_size) for _ in range(n // batch_size)],
        ),
        Slip(
            "not shuffled",
            "The order does not come from rng: the same batches come in every epoch. Shuffle the indices first.",
            {"rng.permutation(n)": "np.arange(n)"},
        ),
        Slip(
            "another generator",
            "The order does not come from the rng that was given, so that a run cannot be repeated.",
            {"rng.permutation(n)": "np.random.permutation(n)"},
            {"rng.permutation(n)": "np.random.default_rng().permutation(n)"},
            {"rng.permutation(n)": "np.random.default_rng(0).permutation(n)"},
        ),
        Slip(
            "only the batches shuffled",
            "The batches are shuffled but each holds neighbouring indices: shuffle the indices, then cut.",
            lambda n, batch_size, rng: _in_blocks(n, batch_size, rng),
        ),
        Slip(
            "shuffled within the batches",
            "The same indices stand together in every epoch, in another order: shuffle all n indices first, then cut.",
            lambda n, batch_size, rng: [rng.permutation(block) for block in _blocks(n, batch_size)],
            lambda n, batch_size, rng: _in_blocks(n, batch_size, rng, rng.permutation),
        ),
        Slip(
            "batches of equal size",
            "The batches share the indices evenly; asked are full batches and one shorter batch at the end.",
            lambda n, batch_size, rng: np.array_split(rng.permutation(n), -(-n // batch_size)),
        ),
        Slip(
            "counting from 1",
            "The indices run from 1 to n; Python counts from 0.",
            {"rng.permutation(n)": "rng.permutation(n) + 1"},
        ),
    ),
    hints=(
        "First a random order of all n indices, then cut it.",
        "rng.permutation(n) is such an order; order[start : start + batch_size] is one batch.",
        "range(0, n, batch_size) gives the starts, that of the shorter last batch included; a slice may end beyond n.",
    ),
    why="A slice that ends beyond the array is simply shorter, so the last batch needs no special case.",
)


def _blocks(n, batch_size):
    return [np.arange(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]


def _in_blocks(n, batch_size, rng, inside=np.asarray):
    """The full blocks in random order, the short one last, each block's indices as `inside` gives them."""
    blocks = [inside(block) for block in _blocks(n, batch_size)]
    whole = len(blocks) if n % batch_size == 0 else len(blocks) - 1
    return [blocks[index] for index in rng.permutation(whole)] + blocks[whole:]


# --- 02.sgd_step -----------------------------------------------------------------------------------------------------


def sgd_step(params, grads, lr):
    """One step of gradient descent, p − lr·g for each parameter p with its gradient g.

    params and grads are lists of arrays, pair by pair of one shape; lr is a float. The result is a new list; the
    arrays that came in are unchanged.
    """
    return [p - lr * g for p, g in zip(params, grads)]


def sgd_step_by_index(params, grads, lr):
    new = []
    for index in range(len(params)):
        new.append(params[index].copy())
        new[index] -= np.multiply(lr, grads[index])
    return new


def sgd_step_cases(seed):
    rng = np.random.default_rng(seed)
    groups = [[(1,)], [(2,), (3,)], [(3, 4), (1, 4)], [(2, 2), (2, 2), (2,)]]
    return [
        call(
            [rng.normal(size=shape) for shape in shapes],
            [rng.normal(size=shape) for shape in shapes],
            float(rng.uniform(0.05, 0.9)),
        )
        for shapes in groups
    ]


SGD_STEP = Exercise(
    id="02.sgd_step",
    points=1,
    reference=sgd_step,
    cases=sgd_step_cases,
    label=lambda path: f"item {path[0]} of the result" if path else "the result",
    alternatives=(
        sgd_step_by_index,
        lambda params, grads, lr: tuple(map(lambda p, g: p - lr * g, params, grads)),
        lambda params, grads, lr: [np.add(p, -lr * g) for p, g in zip(params, grads)],
    ),
    slips=(
        Slip(
            "ascent",
            "The step goes uphill: the gradient points where the loss grows, so it is subtracted.",
            {"p - lr * g": "p + lr * g"},
        ),
        Slip(
            "learning rate left out",
            "The learning rate is missing: the step is lr·g, not g.",
            {"lr * g": "g"},
        ),
        Slip(
            "step without the parameter",
            "This is the step alone; asked are the new parameters p − lr·g.",
            {"p - lr * g": "-lr * g"},
            {"p - lr * g": "lr * g"},
        ),
        Slip(
            "learning rate on everything",
            "The learning rate multiplies the parameter too: p − lr·g, not lr·(p − g).",
            {"p - lr * g": "lr * (p - g)"},
        ),
        Slip(
            "divided by the learning rate",
            "The gradient was divided by the learning rate; a smaller rate must give a smaller step.",
            {"lr * g": "g / lr"},
        ),
        Slip(
            "signs alone",
            "Only the sign of the gradient was used; the step is as long as lr·g.",
            {"lr * g": "lr * np.sign(g)"},
        ),
        Slip(
            "gradient normalised",
            "The gradient was divided by its length; the step is lr·g as it stands.",
            {"lr * g": "lr * g / np.linalg.norm(g)"},
        ),
        Slip(
            "lists as arrays",
            "params and grads are lists, and a list knows neither - nor * lr: go through both, pair by pair.",
            lambda params, grads, lr: params - lr * grads,
        ),
        Slip(
            "first parameter only",
            "Only the first parameter was moved: the step goes over all of them.",
            lambda params, grads, lr: [params[0] - lr * grads[0], *params[1:]],
            lambda params, grads, lr: [params[0] - lr * grads[0]],
        ),
        Slip(
            "changes its input",
            "The arrays that came in were changed (p -= … works in place); asked is a new list.",
            lambda params, grads, lr: [np.subtract(p, lr * g, out=p) for p, g in zip(params, grads)],
            lambda params, grads, lr: [np.subtract(p, lr * g, out=p) for p, g in zip(params, grads)] and None,
        ),
    ),
    hints=(
        "Which way does the gradient point, and which way do we want to go?",
        "zip(params, grads) gives the pairs; p - lr * g makes a new array, p -= lr * g changes the old one.",
    ),
    why="p - lr * g makes a new array, so that the old parameters stay as they were.",
)

EXERCISES = (MSE, GRAD_LINEAR, MINIBATCHES, SGD_STEP)
