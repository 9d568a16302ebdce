"""Lesson 05, Taylor and the Jacobian: taylor1, taylor2, jacobian_fd, layer_jacobian."""

import numpy as np

from dlcalc.exercises.exercise import Exercise, Slip, Tolerance, call


def at_points(arguments, points):
    """A case that asks for a function and calls it at points."""
    return {"way": "callable", "arguments": arguments, "points": points}


def points_label(path):
    """The value at the k-th point."""
    return f"the value at point {path[0]}" if path else "the result"


def _expansions(seed, with_hessian):
    rng = np.random.default_rng(seed)
    cases = []
    for n in (1, 2, 3, 4):
        g, x0, A = rng.normal(size=n), rng.normal(size=n), rng.normal(size=(n, n))
        points = [x0 + rng.normal(size=n), rng.normal(size=n), x0.copy(), x0 + 3.0]
        arguments = (float(rng.normal()), g, A + A.T, x0) if with_hessian else (float(rng.normal()), g, x0)
        cases.append(at_points(arguments, points))
    return cases


# --- 05.taylor1 ------------------------------------------------------------------------------------------------------


def taylor1(f0, g, x0):
    """The first-order Taylor expansion about x0: a function of x with the value f0 + g·(x − x0).

    f0 is the float f(x0), g of shape (n,) the gradient there, x0 has shape (n,). The result is a callable that takes x
    of shape (n,) and returns a float.
    """

    def expansion(x):
        d = x - x0
        return f0 + g @ d

    return expansion


TAYLOR1 = Exercise(
    id="05.taylor1",
    points=1,
    reference=taylor1,
    cases=lambda seed: _expansions(seed, with_hessian=False),
    label=points_label,
    alternatives=(
        lambda f0, g, x0: lambda x: float(f0 + np.sum(g * (x - x0))),
        lambda f0, g, x0: lambda x: np.array(np.dot(x, g) - np.dot(g, x0) + f0),
    ),
    slips=(
        Slip(
            "f0 left out",
            "The value f0 at x0 is missing: at x = x0 the expansion must give f0.",
            {"f0 + g @ d": "g @ d"},
        ),
        Slip(
            "x for x − x₀",
            "The gradient was multiplied by x; it is multiplied by the way from x0 to x, x − x0.",
            {"d = x - x0": "d = x"},
        ),
        Slip("sign of the way", "The way has the wrong sign: x − x0, not x0 − x.", {"x - x0": "x0 - x"}),
        Slip(
            "derivative at x",
            "The slope was taken at x: f0 and g belong to x0 and stay fixed while x moves.",
            {"d = x - x0": "d = (x - x0) * x"},
            {"f0 + g @ d": "f0 + (g * x) @ d"},
        ),
        Slip(
            "½ at first order", "There is a ½ too many: it belongs to the second-order term.", {"g @ d": "0.5 * g @ d"}
        ),
        Slip("constant", "This is f0 everywhere: the linear term g·(x − x0) is missing.", {"f0 + g @ d": "f0"}),
        Slip(
            "length of the gradient",
            "The lengths of g and x − x0 were multiplied; the scalar product g·(x − x0) knows the direction too.",
            {"g @ d": "np.linalg.norm(g) * np.linalg.norm(d)"},
        ),
        Slip(
            "not summed",
            "The products were not summed: g·(x − x0) is a scalar product, so the value is a number.",
            {"g @ d": "g * d"},
        ),
        Slip(
            "value for function",
            "This returns a number or an array; asked is a function of x.",
            lambda f0, g, x0: f0 + g @ x0,
        ),
    ),
    hints=(
        "Define a function inside the function, and return it without calling it.",
        "At x = x0 it must give f0; one step along e_i adds g_i.",
    ),
    why="The inner function remembers f0, g and x0.",
)

# --- 05.taylor2 ------------------------------------------------------------------------------------------------------


def taylor2(f0, g, H, x0):
    """The second-order Taylor expansion about x0: x ↦ f0 + g·d + ½ dᵀHd with d = x − x0.

    f0 is a float, g has shape (n,), H (n, n) is symmetric, x0 has shape (n,). The result is a callable that takes x of
    shape (n,) and returns a float.
    """

    def expansion(x):
        d = x - x0
        return f0 + g @ d + 0.5 * d @ H @ d

    return expansion


def taylor2_by_loops(f0, g, H, x0):
    def expansion(x):
        value = f0
        for i in range(len(x)):
            value += g[i] * (x[i] - x0[i])
            for j in range(len(x)):
                value += H[i, j] * (x[i] - x0[i]) * (x[j] - x0[j]) / 2
        return value

    return expansion


TAYLOR2 = Exercise(
    id="05.taylor2",
    points=2,
    reference=taylor2,
    cases=lambda seed: _expansions(seed, with_hessian=True),
    label=points_label,
    alternatives=(
        taylor2_by_loops,
        lambda f0, g, H, x0: lambda x: f0 + (g + H @ (x - x0) / 2) @ (x - x0),
        lambda f0, g, H, x0: lambda x: np.array(f0 + g @ (x - x0) + np.einsum("i,ij,j", x - x0, H, x - x0) / 2),
    ),
    slips=(
        Slip("½ missing", "The ½ is missing from the second-order term: ½ dᵀHd.", {"0.5 * d @ H @ d": "d @ H @ d"}),
        Slip(
            "diagonal alone",
            "Only the diagonal of H counts here: dᵀHd also has the mixed terms H_ij d_i d_j.",
            {"d @ H @ d": "np.diag(H) @ d**2"},
        ),
        Slip("first order only", "The second-order term ½ dᵀHd is missing.", {" + 0.5 * d @ H @ d": ""}),
        Slip("gradient left out", "The linear term g·d is missing.", {"g @ d + ": ""}),
        Slip("f0 left out", "The value f0 at x0 is missing.", {"f0 + g": "g"}),
        Slip("x for x − x₀", "x stands where d = x − x0 belongs.", {"d = x - x0": "d = x"}),
        Slip("sign of the way", "The way has the wrong sign: d = x − x0.", {"x - x0": "x0 - x"}),
        Slip(
            "sign of the second order",
            "The second-order term was subtracted; it is added.",
            {"+ 0.5": "- 0.5"},
        ),
        Slip(
            "derivative at x",
            "The slope at x was used, g + Hd in place of g + ½Hd: the derivatives belong to x0.",
            {"g @ d + 0.5 * d @ H @ d": "(g + H @ x) @ d"},
            {"g @ d + 0.5 * d @ H @ d": "(g + H @ x) @ d + 0.5 * d @ H @ d"},
            {"0.5 * d @ H @ d": "0.5 * x @ H @ x"},
        ),
        Slip("third for half", "The factor of the second-order term is ½ (1/2!).", {"0.5": "(1 / 6)"}, {"0.5": "0.25"}),
        Slip(
            "not summed",
            "The products were not summed: dᵀHd is a number, d @ H @ d.",
            {"0.5 * d @ H @ d": "0.5 * d * (H @ d)"},
            {"0.5 * d @ H @ d": "0.5 * H @ d"},
            {"0.5 * d @ H @ d": "0.5 * d * H * d"},
        ),
    ),
    hints=(
        "Begin with 05.taylor1 and add one term.",
        "dᵀHd is d @ H @ d, a number. Which factor makes its second derivative H?",
    ),
    why="Differentiating ½ dᵀHd twice gives H, because H is symmetric.",
)

# --- 05.jacobian_fd --------------------------------------------------------------------------------------------------


def jacobian_fd(f, x, h):
    """The Jacobian of f at x by central differences with the step h: row = output, column = input.

    f takes an array (n,) and returns an array (m,); x has shape (n,), h is a float. The result has shape (m, n);
    column i is (f(x + h·e_i) − f(x − h·e_i)) / (2h). x is unchanged.
    """
    columns = []
    for i in range(len(x)):
        step = np.zeros(len(x))
        step[i] = h
        columns.append((f(x + step) - f(x - step)) / (2 * h))
    return np.stack(columns, axis=1)


def jacobian_fd_in_place(f, x, h):
    J = np.empty((len(f(x)), len(x)))
    for i in range(len(x)):
        kept = x[i]
        x[i] = kept + h
        above = f(x)
        x[i] = kept - h
        J[:, i] = (above - f(x)) / (2 * h)
        x[i] = kept
    return J


def jacobian_fd_cases(seed):
    rng = np.random.default_rng(seed)
    functions = [("cubic", 1), ("polar", 2), ("wide", 3), ("tall", 2)]
    # A step of 0.1 shows which difference was taken with which step; one of 1e-4 is near the derivative.
    return [
        call({"function": name}, rng.uniform(0.5, 1.5, size=n), step) for name, n in functions for step in (0.1, 1e-4)
    ]


JACOBIAN_FD = Exercise(
    id="05.jacobian_fd",
    points=3,
    reference=jacobian_fd,
    cases=jacobian_fd_cases,
    driving=("functions",),
    tolerance=Tolerance(
        reason="at h = 1e-4 rounding moves a difference by about eps/h = 1e-12; another step or a one-sided difference "
        "shows at h = 0.1, in the third digit"
    ),
    alternatives=(
        jacobian_fd_in_place,
        lambda f, x, h: np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))]).T,
        lambda f, x, h: np.column_stack([(f(x + e) - f(x - e)) / (2 * h) for e in h * np.eye(x.size)]),
    ),
    slips=(
        Slip(
            "J transposed",
            "The Jacobian is transposed: a row belongs to an output, a column to an input, so (m, n).",
            {"axis=1": "axis=0"},
        ),
        Slip(
            "one-sided",
            "The difference is one-sided; a central one, (f(x+h) − f(x−h))/(2h), has an error of order h² in place "
            "of h.",
            {"f(x - step)) / (2 * h)": "f(x)) / h"},
            {"f(x + step) - f(x - step)) / (2 * h)": "f(x) - f(x - step)) / h"},
        ),
        Slip(
            "another h",
            "A step of its own was used, or one too small, so that rounding drowns the difference: take the given h.",
            {"step[i] = h": "step[i] = 1e-5", "(2 * h)": "2e-5"},
            {"step[i] = h": "step[i] = 1e-6", "(2 * h)": "2e-6"},
            {"step[i] = h": "step[i] = 1e-4", "(2 * h)": "2e-4"},
            {"step[i] = h": "step[i] = 1e-12", "(2 * h)": "2e-12"},
            {"step[i] = h": "step[i] = 1e-15", "(2 * h)": "2e-15"},
            {"step[i] = h": "step[i] = 1e-8", "(2 * h)": "2e-8"},
            {"step[i] = h": "step[i] = 1e-2", "(2 * h)": "2e-2"},
            {"step[i] = h": "step[i] = 1e-3", "(2 * h)": "2e-3"},
            {"step[i] = h": "step[i] = 1e-7", "(2 * h)": "2e-7"},
            {"step[i] = h": "step[i] = 1e-9", "(2 * h)": "2e-9"},
            {"step[i] = h": "step[i] = 1e-10", "(2 * h)": "2e-10"},
            {"step[i] = h": "step[i] = 1e-11", "(2 * h)": "2e-11"},
            {"step[i] = h": "step[i] = 1e-13", "(2 * h)": "2e-13"},
            {"step[i] = h": "step[i] = 1e-14", "(2 * h)": "2e-14"},
            {"step[i] = h": "step[i] = 1e-16", "(2 * h)": "2e-16"},
            {"step[i] = h": "step[i] = h * h", "(2 * h)": "(2 * h * h)"},
            {"step[i] = h": "step[i] = 1e-3", "f(x - step)) / (2 * h)": "f(x)) / 1e-3"},
            {"step[i] = h": "step[i] = 1e-4", "f(x - step)) / (2 * h)": "f(x)) / 1e-4"},
            {"step[i] = h": "step[i] = 1e-5", "f(x - step)) / (2 * h)": "f(x)) / 1e-5"},
            {"step[i] = h": "step[i] = 1e-6", "f(x - step)) / (2 * h)": "f(x)) / 1e-6"},
            {"step[i] = h": "step[i] = 1e-7", "f(x - step)) / (2 * h)": "f(x)) / 1e-7"},
            {"step[i] = h": "step[i] = 1e-8", "f(x - step)) / (2 * h)": "f(x)) / 1e-8"},
            {"step[i] = h": "step[i] = 1e-10", "f(x - step)) / (2 * h)": "f(x)) / 1e-10"},
            {"step[i] = h": "step[i] = 1e-12", "f(x - step)) / (2 * h)": "f(x)) / 1e-12"},
            {"step[i] = h": "step[i] = 1e-14", "f(x - step)) / (2 * h)": "f(x)) / 1e-14"},
            {"step[i] = h": "step[i] = 1e-15", "f(x - step)) / (2 * h)": "f(x)) / 1e-15"},
        ),
        Slip(
            "h for 2h",
            "The difference was divided by h; from x − h to x + h the way is 2h.",
            {"(2 * h)": "h"},
        ),
        Slip(
            "all inputs moved",
            "All entries of x were moved at once; a partial derivative moves one and holds the others.",
            {"step[i] = h": "step[:] = h"},
            lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h),
        ),
        Slip("not divided", "The difference was not divided by 2h.", {" / (2 * h)": ""}),
        Slip(
            "sign",
            "The difference has the wrong sign: f(x + h) − f(x − h).",
            {"f(x + step) - f(x - step)": "f(x - step) - f(x + step)"},
        ),
        Slip(
            "2h by h",
            "2h stands in the numerator: / 2 * h divides by 2 and multiplies by h; write / (2 * h).",
            {"/ (2 * h)": "/ 2 * h"},
        ),
        Slip(
            "x not restored",
            "x was moved and not put back, so that later columns are taken elsewhere: work on a copy.",
            lambda f, x, h: _moving(f, x, h),
        ),
    ),
    hints=(
        "Move one entry of x by +h and by −h, and watch all outputs: that gives one column.",
        "np.eye(n)[i] * h is a step along input i. Collect the columns, np.stack(columns, axis=1).",
        "Check the shape: (number of outputs, number of inputs).",
    ),
    why="Column i tells how all outputs move when input i moves.",
)


def _moving(f, x, h):
    x, columns = x.copy(), []
    for i in range(len(x)):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        columns.append((above - f(x)) / (2 * h))
    return np.stack(columns, axis=1)


# --- 05.layer_jacobian -----------------------------------------------------------------------------------------------


def layer_jacobian(W, z, dphi):
    """The Jacobian of the next layer's pre-activations with respect to this layer's: W̄ diag(φ′(z)).

    W is the next layer's matrix, (n_{l+1}, n_l+1), the bias last; z has shape (n_l,); dphi is φ′. The result has shape
    (n_{l+1}, n_l), row = output, column = input.
    """
    return W[:, :-1] @ np.diag(dphi(z))


def layer_jacobian_by_loops(W, z, dphi):
    J = np.zeros((W.shape[0], len(z)))
    for k in range(W.shape[0]):
        for j in range(len(z)):
            J[k, j] = W[k, j] * dphi(z[j])
    return J


def layer_jacobian_cases(seed):
    rng = np.random.default_rng(seed)
    sizes = [(1, 1, "sigmoid"), (2, 2, "sigmoid"), (3, 2, "tanh"), (2, 4, "softplus"), (3, 3, "sigmoid")]
    return [call(rng.normal(size=(m, n + 1)), rng.normal(size=n), {"dphi": name}) for m, n, name in sizes]


LAYER_JACOBIAN = Exercise(
    id="05.layer_jacobian",
    points=2,
    reference=layer_jacobian,
    cases=layer_jacobian_cases,
    driving=("activations",),
    alternatives=(
        layer_jacobian_by_loops,
        lambda W, z, dphi: W[:, :-1] * dphi(z),
        lambda W, z, dphi: np.einsum("kj,j->kj", W[:, :-1], dphi(z)),
    ),
    slips=(
        Slip(
            "diag on the wrong side",
            "diag(φ′(z)) stands on the left, where it scales rows: φ acts on the inputs of W̄, so it scales columns.",
            {"W[:, :-1] @ np.diag(dphi(z))": "np.diag(dphi(z)) @ W[:, :-1]"},
            {"W[:, :-1] @ np.diag(dphi(z))": "dphi(z)[:, None] * W[:, :-1]"},
        ),
        Slip(
            "J transposed",
            "The Jacobian is transposed: a row belongs to an output z_k of the next layer, a column to an input z_j.",
            {"W[:, :-1] @ np.diag(dphi(z))": "np.diag(dphi(z)) @ W[:, :-1].T"},
        ),
        Slip(
            "W transposed",
            "W̄ was transposed: as it stands a row belongs to an output, which is the Jacobian's layout.",
            {"W[:, :-1]": "W[:, :-1].T"},
        ),
        Slip(
            "bias column kept",
            "The bias column was kept: the constant 1 does not depend on z, so it drops out.",
            {"W[:, :-1] @ np.diag(dphi(z))": "W @ np.diag(np.append(dphi(z), 1.0))"},
            {"W[:, :-1] @ np.diag(dphi(z))": "W @ np.diag(np.append(dphi(z), 0.0))"},
            {"W[:, :-1] @ np.diag(dphi(z))": "W @ np.diag(dphi(np.append(z, 1.0)))"},
            {"W[:, :-1]": "W"},
        ),
        Slip(
            "first column dropped", "The first column was dropped; the bias is the last one.", {"W[:, :-1]": "W[:, 1:]"}
        ),
        Slip(
            "φ′ missing", "φ′(z) is missing: this is ∂z/∂v = W̄; v = φ(z) has a slope too.", {" @ np.diag(dphi(z))": ""}
        ),
        Slip("φ′ alone", "W̄ is missing: this is the Jacobian of φ alone.", {"W[:, :-1] @ np.diag": "np.diag"}),
        Slip(
            "@ without diag",
            "W̄ was multiplied by the vector φ′(z), which sums over the columns; a Jacobian scales each column.",
            {"np.diag(dphi(z))": "dphi(z)"},
        ),
        Slip(
            "z for φ′",
            "z itself stands where the slope φ′(z) belongs.",
            {"dphi(z)": "z"},
        ),
        Slip(
            "φ′ at the output",
            "φ′ was taken at W̄z or after it; it belongs at z, before W̄.",
            {"dphi(z)": "dphi(dphi(z))"},
            {"W[:, :-1] @ np.diag(dphi(z))": "dphi(W[:, :-1] @ np.diag(z))"},
            {"W[:, :-1] @ np.diag(dphi(z))": "np.diag(dphi(W[:, :-1] @ z)) @ W[:, :-1]"},
        ),
    ),
    hints=(
        "Two maps one after the other: z → v = φ(z), elementwise, and v → W̄v + b. What are their Jacobians?",
        "The Jacobian of the whole is the product, the outer map on the left.",
        "W[:, :-1] * dphi(z) scales column j by φ′(z_j).",
    ),
    why="∂z_k/∂z_j = w_kj φ′(z_j): column j is scaled, and the bias drops out.",
)

EXERCISES = (TAYLOR1, TAYLOR2, JACOBIAN_FD, LAYER_JACOBIAN)
