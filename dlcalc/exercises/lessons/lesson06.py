"""Lesson 06, the chain rule, products and paths: compose_jacobian, vjp, total_derivative, cost."""

import itertools

import numpy as np

from dlcalc.exercises.exercise import Exercise, Slip, call

# --- 06.compose_jacobian ---------------------------------------------------------------------------------------------


def compose_jacobian(J_outer, J_inner):
    """The Jacobian of g∘f from those of the outer map g, taken at f(x), and the inner map f: a product.

    J_outer has shape (p, m), J_inner (m, n). The result has shape (p, n).
    """
    return J_outer @ J_inner


def compose_cases(seed):
    rng = np.random.default_rng(seed)
    sizes = [(1, 1, 1), (2, 2, 2), (2, 3, 2), (3, 2, 4), (1, 4, 2), (2, 1, 3)]
    return [call(rng.normal(size=(p, m)), rng.normal(size=(m, n))) for p, m, n in sizes]


COMPOSE_JACOBIAN = Exercise(
    id="06.compose_jacobian",
    points=1,
    reference=compose_jacobian,
    cases=compose_cases,
    alternatives=(
        lambda J_outer, J_inner: np.einsum("pm,mn->pn", J_outer, J_inner),
        lambda J_outer, J_inner: (J_inner.T @ J_outer.T).T,
        lambda J_outer, J_inner: np.array([[sum(row * column) for column in J_inner.T] for row in J_outer]),
        lambda J_outer, J_inner: sum(np.outer(a, b) for a, b in zip(J_outer.T, J_inner)),
    ),
    slips=(
        Slip(
            "wrong order",
            "The factors are in the wrong order: the map that acts first stands on the right, J_outer @ J_inner.",
            {"J_outer @ J_inner": "J_inner @ J_outer"},
        ),
        Slip(
            "transposed",
            "The result is transposed: (AB)ᵀ = BᵀAᵀ.",
            {"J_outer @ J_inner": "J_inner.T @ J_outer.T"},
        ),
        Slip(
            "a factor transposed",
            "One of the factors was transposed: the m of (p, m) and (m, n) meet as they stand.",
            {"J_outer @ J_inner": "J_outer.T @ J_inner"},
            {"J_outer @ J_inner": "J_outer @ J_inner.T"},
            {"J_outer @ J_inner": "J_outer.T @ J_inner.T"},
        ),
        Slip(
            "entry by entry",
            "The matrices were multiplied entry by entry; composing linear maps is the matrix product @.",
            {"J_outer @ J_inner": "J_outer * J_inner"},
        ),
        Slip(
            "sum for product",
            "The Jacobians were added; the chain rule multiplies.",
            {"J_outer @ J_inner": "J_outer + J_inner"},
        ),
    ),
    hints=(
        "Which shapes meet in (p, m) and (m, n)?",
        "The inner map acts on x first, so its matrix stands next to x, on the right.",
    ),
    why="Linear maps act from right to left: J_outer (J_inner dx).",
)

# --- 06.vjp ----------------------------------------------------------------------------------------------------------


def vjp(v, J):
    """The vector-Jacobian product vᵀJ.

    v has shape (m,), J (m, n). The result has shape (n,).
    """
    return v @ J


def vjp_cases(seed):
    rng = np.random.default_rng(seed)
    # Well conditioned square matrices, so that an inverse can be told from a transpose.
    square = [np.linalg.qr(rng.normal(size=(n, n)))[0] @ np.diag(rng.uniform(0.5, 2.0, n)) for n in (1, 2, 3)]
    rectangular = [rng.normal(size=shape) for shape in [(2, 3), (4, 2), (1, 3), (3, 1)]]
    return [call(rng.normal(size=len(J)), J) for J in [*square, *rectangular]]


VJP = Exercise(
    id="06.vjp",
    points=1,
    reference=vjp,
    cases=vjp_cases,
    alternatives=(
        lambda v, J: J.T @ v,
        lambda v, J: np.einsum("m,mn->n", v, J),
        lambda v, J: np.sum(v[:, None] * J, axis=0),
        lambda v, J: np.array([sum(v[k] * J[k, i] for k in range(len(v))) for i in range(J.shape[1])]),
    ),
    slips=(
        Slip(
            "Jv for vᵀJ",
            "This is Jv, which pushes a change of the inputs forward; vᵀJ pulls a sensitivity of the outputs back. "
            "With "
            "a square J both exist.",
            {"v @ J": "J @ v"},
            {"v @ J": "v @ J.T"},
        ),
        Slip(
            "inverse for transpose",
            "The inverse was used: going back through a linear map is the transpose, Jᵀv, not J⁻¹v.",
            {"v @ J": "np.linalg.inv(J) @ v"},
            {"v @ J": "np.linalg.solve(J, v)"},
            {"v @ J": "np.linalg.pinv(J) @ v"},
            {"v @ J": "np.linalg.inv(J).T @ v"},
        ),
        Slip(
            "not summed",
            "The products were not summed over the outputs: vᵀJ has n entries.",
            {"v @ J": "v[:, None] * J"},
            {"v @ J": "v * J.T"},
        ),
        Slip(
            "a matrix of one row",
            "The result has two dimensions; asked is a vector of shape (n,).",
            {"v @ J": "v[None, :] @ J"},
            {"v @ J": "(v[None, :] @ J).T"},
        ),
        Slip("columns summed", "v is missing: the rows of J were summed as they stand.", {"v @ J": "J.sum(axis=0)"}),
    ),
    hints=(
        "Put v on the left as a row: (1, m) times (m, n).",
        "With NumPy, v @ J treats a vector on the left as a row.",
    ),
    why="v @ J, which is Jᵀv: one number for each input.",
)

# --- 06.total_derivative ---------------------------------------------------------------------------------------------


def total_derivative(edges, source, target):
    """The derivative of target with respect to source in a graph: the sum over all paths of the products along them.

    edges is a list of triples (start, end, derivative) in any order, without cycles; derivative is ∂end/∂start. Nodes
    are strings. The result is a float: 1.0 if source is target, 0.0 if no path leads from source to target.
    """
    if source == target:
        return 1.0
    total = 0.0
    for start, end, derivative in edges:
        if start == source:
            total += derivative * total_derivative(edges, end, target)
    return total


def total_derivative_in_reverse(edges, source, target):
    known = {target: 1.0}

    def adjoint(node):
        if node not in known:
            known[node] = sum(d * adjoint(end) for start, end, d in edges if start == node)
        return known[node]

    return float(adjoint(source))


def total_derivative_by_powers(edges, source, target):
    names = sorted({source, target, *(name for start, end, _ in edges for name in (start, end))})
    A = np.zeros((len(names), len(names)))
    for start, end, derivative in edges:
        A[names.index(start), names.index(end)] += derivative
    return np.linalg.inv(np.eye(len(names)) - A)[names.index(source), names.index(target)]


def total_derivative_cases(seed):
    rng = np.random.default_rng(seed)
    shapes = [
        ("x f", "x", "f"),
        ("x a, a f", "x", "f"),
        ("x a, x b, a f, b f", "x", "f"),
        ("x a, a f, x f", "x", "f"),
        ("x a, y a, a f, y f", "y", "f"),
        ("x a, x b, a c, b c, a d, b d, c f, d f", "x", "f"),
        ("x a, a b, b c, c f, x b, a c, b f", "x", "f"),
        ("x a, a f", "f", "x"),
        ("x a, y b, a f", "y", "f"),
        ("x a, a f", "a", "a"),
        ("x a, x a, a f, f g, a g", "x", "f"),
    ]
    cases = []
    for text, source, target in shapes:
        pairs = [pair.split() for pair in text.split(", ")]
        edges = [(start, end, float(rng.uniform(0.5, 2.0) * rng.choice([-1.0, 1.0]))) for start, end in pairs]
        cases.append(call([edges[i] for i in rng.permutation(len(edges))], source, target))
    # The long way into a comes after the short one; whichever stands first in the list, one of the two shows a node
    # that passes on its sum before it is complete.
    late = [(s, e, float(rng.uniform(0.5, 2.0))) for s, e in ("xa", "xb", "bc", "ca", "af")]
    # a = x·x uses x twice, with the same derivative: two edges that are equal, and two paths.
    square = [("x", "a", late[0][2]), ("a", "f", late[1][2]), ("x", "a", late[0][2])]
    return [*cases, call(late, "x", "f"), call(late[::-1], "x", "f"), call(square, "x", "f")]


TOTAL_DERIVATIVE = Exercise(
    id="06.total_derivative",
    points=3,
    reference=total_derivative,
    cases=total_derivative_cases,
    alternatives=(total_derivative_in_reverse, total_derivative_by_powers),
    slips=(
        Slip(
            "one path only",
            "Only one path was counted; where several lead to the target, their products are added.",
            {"total += derivative": "return derivative"},
            {"total += derivative": "total = derivative"},
            lambda edges, source, target: _last(_products(edges, source, target)),
            lambda edges, source, target: max(_products(edges, source, target), default=0.0, key=abs),
            lambda edges, source, target: max(_products(edges, source, target), default=0.0),
            lambda edges, source, target: (_products(edges, source, target) or [0.0])[0],
            lambda edges, source, target: float(np.prod(min(_paths(edges, source, target), default=[0.0], key=len))),
            lambda edges, source, target: float(np.prod(max(_paths(edges, source, target), default=[0.0], key=len))),
        ),
        Slip(
            "paths multiplied",
            "The paths were multiplied with each other: along a path one multiplies, over the paths one adds.",
            lambda edges, source, target: float(np.prod(_products(edges, source, target) or [0.0])),
            lambda edges, source, target: float(np.prod(_products(edges, source, target))),
            lambda edges, source, target: float(np.prod([d for _, _, d in edges])),
            lambda edges, source, target: _branches_multiplied(edges, source, target),
            {"total = 0.0": "total = 1.0", "total += ": "total *= "},
        ),
        Slip(
            "edges added",
            "The derivatives along a path were added; the chain rule multiplies them.",
            lambda edges, source, target: float(sum(sum(path) for path in _paths(edges, source, target))),
            {"derivative * total_derivative(edges, end, target)": "derivative + total_derivative(edges, end, target)"},
        ),
        Slip(
            "last edge only",
            "Only the edges next to the target (or the source) count: a path is multiplied along its whole length.",
            lambda edges, source, target: float(sum(path[-1] for path in _paths(edges, source, target) if path)),
            lambda edges, source, target: float(sum(path[0] for path in _paths(edges, source, target) if path)),
            {"derivative * total_derivative(edges, end, target)": "derivative * (end == target)"},
        ),
        Slip(
            "source is target",
            "Where source is target the derivative is 1.0: a variable moves with itself (the empty product).",
            lambda edges, source, target: 0.0 if source == target else total_derivative(edges, source, target),
        ),
        Slip(
            "without a path",
            "Without a path the target does not depend on the source, so the derivative is 0.0.",
            lambda edges, source, target: (
                total_derivative(edges, source, target) if _reach(edges, source, target) else 1.0
            ),
            lambda edges, source, target: (
                total_derivative(edges, source, target) if _reach(edges, source, target) else np.nan
            ),
        ),
        Slip(
            "paths counted, not weighed",
            "The paths were counted; each weighs as much as the product of its derivatives.",
            lambda edges, source, target: float(len(_paths(edges, source, target))),
        ),
        Slip(
            "average of the paths",
            "The paths were averaged; their products are added.",
            lambda edges, source, target: float(np.mean(_products(edges, source, target) or [0.0])),
        ),
        Slip(
            "parallel edges merged",
            "Two edges between the same nodes were taken for one: each is a path of its own.",
            lambda edges, source, target: total_derivative(
                [(start, end, d) for (start, end), d in {(a, b): d for a, b, d in edges}.items()], source, target
            ),
            lambda edges, source, target: total_derivative(
                [(start, end, d) for (start, end), d in {(a, b): d for a, b, d in reversed(edges)}.items()],
                source,
                target,
            ),
            lambda edges, source, target: total_derivative(sorted(set(edges)), source, target),
        ),
        Slip(
            "passed on too early",
            "A node passed on its derivative before all its incoming edges had added theirs: a node's turn comes when "
            "everything that leads to it is done.",
            lambda edges, source, target: _visited_once(edges, source, target, 0),
            lambda edges, source, target: _visited_once(edges, source, target, -1),
        ),
        Slip(
            "shared node counted once",
            "A node that several paths go through counts for the first of them only: what has been seen is remembered, "
            "but not its derivative. Each path through it counts.",
            lambda edges, source, target: _each_node_once(edges, source, target, set()),
        ),
        Slip(
            "order of the edges",
            "The edges were taken in the order of the list, as if starts came before ends: they come in any order.",
            lambda edges, source, target: _in_list_order(edges, source, target),
        ),
    ),
    hints=(
        "Draw x → a → f and x → b → f. How many paths are there, and what does each contribute?",
        "Recursion: the derivative from source is the sum over its outgoing edges of (derivative of the edge) times "
        "(derivative from the edge's end to the target).",
        "Where does the recursion end? What is the derivative of a variable with respect to itself?",
    ),
    why="The sum over outgoing edges adds the paths, the product with the rest multiplies along each.",
)


def _paths(edges, source, target):
    """For each path the list of its derivatives."""
    if source == target:
        return [[]]
    return [[d, *rest] for start, end, d in edges if start == source for rest in _paths(edges, end, target)]


def _products(edges, source, target):
    return [float(np.prod(path)) for path in _paths(edges, source, target)]


def _last(products):
    return products[-1] if products else 0.0


def _reach(edges, source, target):
    return bool(_paths(edges, source, target))


def _visited_once(edges, source, target, turn):
    """Breadth first (turn 0) or depth first (turn -1), each node passing on what it has when its turn comes."""
    tangents, waiting = {source: 1.0}, [source]
    for _ in range(len(edges) + 1):
        node = waiting.pop(turn) if waiting else None
        for start, end, derivative in edges:
            if start == node:
                if end not in tangents:
                    waiting.append(end)
                tangents[end] = tangents.get(end, 0.0) + derivative * tangents[node]
    return tangents.get(target, 0.0)


def _branches_multiplied(edges, source, target):
    """The recursion with a product where the sum over the outgoing edges belongs."""
    if source == target:
        return 1.0
    branches = [d * _branches_multiplied(edges, end, target) for start, end, d in edges if start == source]
    return float(np.prod([branch for branch in branches if branch])) if any(branches) else 0.0


def _each_node_once(edges, source, target, seen):
    """The recursion with a set of the nodes met, which gives 0 at the second visit."""
    if source == target:
        return 1.0
    if source in seen:
        return 0.0
    seen.add(source)
    return sum([d * _each_node_once(edges, end, target, seen) for start, end, d in edges if start == source], 0.0)


def _in_list_order(edges, source, target):
    tangents = {source: 1.0}
    for start, end, derivative in edges:
        tangents[end] = tangents.get(end, 0.0) + derivative * tangents.get(start, 0.0)
    return tangents.get(target, 0.0)


# --- 06.cost ---------------------------------------------------------------------------------------------------------


def cost(sizes, mode):
    """How many multiplications the product of a network's L Jacobians takes, in one of two orders.

    sizes is a list of integers n_0, …, n_L; the Jacobian of layer l has shape (n_l, n_{l-1}). The first factor is free:
    "reverse" begins at the output, n_L Σ_{l=1}^{L-1} n_l n_{l-1}; "forward" begins at the input,
    n_0 Σ_{l=2}^{L} n_l n_{l-1}. The result is an integer.
    """
    products = [m * n for m, n in zip(sizes[:-1], sizes[1:])]
    if mode == "reverse":
        return sizes[-1] * sum(products[:-1])
    return sizes[0] * sum(products[1:])


def cost_cases(seed):
    rng = np.random.default_rng(seed)
    lists = [[3, 2], [2, 5, 3], [1000, 1000, 1000, 1], [1, 1000, 2, 1]]
    lists += [[int(n) for n in rng.permutation(np.arange(2, 30))[:length]] for length in (4, 5)]
    return [call(sizes, mode) for sizes, mode in itertools.product(lists, ("reverse", "forward"))]


COST = Exercise(
    id="06.cost",
    points=2,
    reference=cost,
    cases=cost_cases,
    alternatives=(
        lambda sizes, mode: {
            "reverse": sum(sizes[-1] * sizes[i] * sizes[i - 1] for i in range(1, len(sizes) - 1)),
            "forward": sum(sizes[0] * sizes[i] * sizes[i - 1] for i in range(2, len(sizes))),
        }[mode],
        lambda sizes, mode: (
            np.int64(sizes[-1]) * np.dot(sizes[1:-1], sizes[:-2])
            if mode == "reverse"
            else np.int64(sizes[0]) * np.dot(sizes[2:], sizes[1:-1])
        ),
    ),
    slips=(
        Slip(
            "modes swapped",
            "The two modes are swapped: reverse begins at the output, so its row vector count is n_L.",
            lambda sizes, mode: cost(sizes, "forward" if mode == "reverse" else "reverse"),
        ),
        Slip(
            "first factor counted",
            "The first factor was counted too: it is there already, only the products with the further ones cost.",
            {"sum(products[:-1])": "sum(products)", "sum(products[1:])": "sum(products)"},
            {"sum(products[:-1])": "sum(products)"},
            {"sum(products[1:])": "sum(products)"},
        ),
        Slip(
            "wrong factor free",
            "The wrong factor is free: in reverse the product begins with the last layer's Jacobian, in forward with "
            "the first's.",
            {"products[:-1]": "products[1:]", "sum(products[1:])": "sum(products[:-1])"},
            {"products[:-1]": "products[1:]"},
            {"sum(products[1:])": "sum(products[:-1])"},
        ),
        Slip(
            "one row only",
            "The factor n_L (or n_0) is missing: the vector-Jacobian product is carried out once for each output.",
            {"sizes[-1] * ": "", "sizes[0] * ": ""},
            {"sizes[-1] * ": ""},
            {"sizes[0] * ": ""},
        ),
        Slip(
            "wrong width in front",
            "The width in front is that of the other end: reverse carries n_L rows, forward n_0 columns.",
            {"sizes[-1]": "sizes[0]", "sizes[0]": "sizes[-1]"},
            {"sizes[-1]": "sizes[0]"},
            {"sizes[0]": "sizes[-1]"},
        ),
        Slip(
            "biases counted",
            "Bias nodes were counted; the Jacobians are (n_l, n_{l-1}), without a bias column.",
            {"m * n for": "(m + 1) * n for"},
        ),
        Slip(
            "mode ignored",
            "Both modes give the same number; the order of the product makes the difference.",
            lambda sizes, mode: cost(sizes, "reverse"),
            lambda sizes, mode: cost(sizes, "forward"),
        ),
        Slip(
            "product for sum",
            "The costs of the products were multiplied; one is carried out after the other, so they add.",
            {
                "sum(products[:-1])": "int(np.prod(products[:-1], dtype=object))",
                "sum(products[1:])": "int(np.prod(products[1:], dtype=object))",
            },
        ),
    ),
    hints=(
        "(p, m) times (m, n) takes p·m·n multiplications.",
        "Reverse: begin with the last Jacobian, (n_L, n_{L-1}), and multiply by the one before. How many rows stay?",
        "Check: [1000, 1000, 1000, 1] gives 2 000 000 in reverse and 1 001 000 000 forward.",
    ),
    why="In reverse the intermediate product always has n_L rows, in forward n_0 columns.",
)

EXERCISES = (COMPOSE_JACOBIAN, VJP, TOTAL_DERIVATIVE, COST)
