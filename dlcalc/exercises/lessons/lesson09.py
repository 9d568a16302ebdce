"""Lesson 09, automatic differentiation: topological_order, Mul, unbroadcast, backward, zero_grad."""

import numpy as np

from dlcalc.exercises.comparison import as_array, items_of
from dlcalc.exercises.exercise import Exercise, Slip, call, parts

# --- graphs as plain data --------------------------------------------------------------------------------------------


def _leaf(value, requires_grad=True, grad=None):
    return ("leaf", value, requires_grad, grad)


class _Builder:
    """Rows for the recipe "graph", node by node."""

    def __init__(self):
        self.rows, self.values = [], []

    def leaf(self, value, requires_grad=True, grad=None):
        return self._add(_leaf(value, requires_grad, grad), value)

    def mul(self, a, b):
        factors = (self.values[b], self.values[a])
        return self._add(("node", (a, b), self.values[a] * self.values[b], factors), self.values[a] * self.values[b])

    def add(self, *parents):
        value = sum(self.values[index] for index in parents)
        return self._add(("node", parents, value, tuple(None for _ in parents)), value)

    def exp(self, a):
        exponential = np.exp(self.values[a])
        value = exponential if np.ndim(exponential) else float(exponential)
        return self._add(("node", (a,), value, (value,)), value)

    def _add(self, row, value):
        self.rows.append(row)
        self.values.append(value)
        return len(self.rows) - 1


def _lecture(g, x, y):
    """x·(x + y)²."""
    a, b = g.leaf(x), g.leaf(y)
    s = g.add(a, b)
    g.mul(a, g.mul(s, s))


def _single(g, x, y):
    g.leaf(x)


def _product(g, x, y):
    g.mul(g.leaf(x), g.leaf(y))


def _square(g, x, y):
    a = g.leaf(x)
    g.mul(a, a)


def _with_constant(g, x, y):
    a, c = g.leaf(x), g.leaf(y, requires_grad=False)
    # A third term of the shape of the others: a cotangent has the shape of its parent.
    g.add(g.mul(a, c), g.exp(c), g.leaf(0.0 * x + 2.0, requires_grad=False))


def _diamond(g, x, y):
    """A shared inner node that is used at two depths."""
    a = g.leaf(x)
    s = g.mul(a, g.leaf(y))
    deep = g.exp(g.add(s, a))
    g.mul(g.add(deep, s), s)


def _ladder(g, x, y):
    a = node = g.leaf(x)
    for _ in range(5):
        node = g.add(g.mul(node, node), node)
    g.mul(node, a)


def _already(g, x, y):
    """A leaf that holds a gradient before."""
    a, b = g.leaf(x, grad=y * 2.0), g.leaf(y)
    g.add(g.mul(a, b), a)


def _sums(g, x, y):
    """(x + y) + (x + y): two nodes of one value, and sums that hand one array to all their parents."""
    a, b = g.leaf(x), g.leaf(y)
    g.add(g.add(a, b), g.add(a, b))


def _graph(shape, x, y):
    builder = _Builder()
    shape(builder, x, y)
    return {"graph": builder.rows}


SHAPES = (_single, _product, _square, _with_constant, _lecture, _diamond, _sums, _ladder, _already)

# --- 09.topological_order --------------------------------------------------------------------------------------------


def topological_order(root):
    """All nodes that lead to root, in a list: each node once, parents before children, root last.

    A node has .parents, a tuple of nodes (empty for a leaf); one node may be parent of several, or twice of one. Nodes
    are hashed by identity.
    """
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    return order


def topological_order_by_recursion(root):
    order = []

    def visit(node):
        if node not in order:
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    return tuple(order)


def topological_order_by_counting(root):
    """Kahn's way, from the root."""
    children, found = {root: 0}, [root]
    for node in found:
        for parent in node.parents:
            if parent not in children:
                children[parent] = 0
                found.append(parent)
            children[parent] += 1
    order, ready = [], [root]
    while ready:
        node = ready.pop()
        order.append(node)
        for parent in node.parents:
            children[parent] -= 1
            if children[parent] == 0:
                ready.append(parent)
    return order[::-1]


def _order_cases(seed):
    rng = np.random.default_rng(seed)
    # Below 1, so that products are smaller than their factors and sums larger: to sort the values is no order.
    x, y = rng.uniform(0.3, 0.9, size=2).tolist()
    graphs = [_shuffled(_graph(shape, x, y)["graph"], rng) for shape in SHAPES]
    return [{"way": "order", "arguments": ({"graph": rows},)} for rows in graphs]


def _shuffled(rows, rng):
    """The same graph in another order, which does not give a right answer away to one who looks at the nodes' list."""
    old = rng.permutation(len(rows)).tolist()
    new = {index: place for place, index in enumerate(old)}
    return [
        (row[0], tuple(new[parent] for parent in row[1]), *row[2:]) if row[0] == "node" else row
        for row in (rows[index] for index in old)
    ]


def _root(rows):
    """The index of the node that is nobody's parent."""
    return (set(range(len(rows))) - {parent for row in rows if row[0] == "node" for parent in row[1]}).pop()


def _compare_order(case, value, expected):
    found = [item.get("value") for item in items_of(value)]
    if value["kind"] != "sequence" or not all(type(index) is int for index in found):
        return "A list of nodes is asked."
    rows = case["arguments"][0]["graph"]
    if -1 in found:
        return "Something that is no node of the graph stands in the list."
    if len(set(found)) < len(found):
        return "A node stands in the list more than once."
    if len(found) < len(expected["items"]):
        leaves = {index for index, row in enumerate(rows) if row[0] == "leaf"}
        missing = set(range(len(rows))) - set(found)
        kind = "leaves" if missing <= leaves else "the root" if missing == {_root(rows)} else "nodes"
        return f"Nodes are missing from the list: {kind}."
    if found[-1] != _root(rows):
        return "The root is not last."
    place = {index: position for position, index in enumerate(found)}
    early = any(
        place[parent] > place[index] for index in found if rows[index][0] == "node" for parent in rows[index][1]
    )
    return "A node stands before one of its parents." if early else ""


TOPOLOGICAL_ORDER = Exercise(
    id="09.topological_order",
    points=2,
    reference=topological_order,
    cases=_order_cases,
    compare=_compare_order,
    driving=("graphs",),
    alternatives=(topological_order_by_recursion, topological_order_by_counting),
    slips=(
        Slip(
            "root first",
            "The list begins with the root: parents come before children, so reverse it.",
            {"return order": "return order[::-1]"},
            lambda root: _preorder(root),
        ),
        Slip(
            "reused node listed twice",
            "A node that is used more than once stands in the list more than once: keep a set of the nodes seen.",
            {"elif node not in seen:": "else:"},
        ),
        Slip(
            "no topological order",
            "A node stands before one of its parents: it was placed when first met, not after all its parents "
            "(depth-first order from the root, or layer by layer, is no topological order).",
            lambda root: _preorder(root)[::-1],
            lambda root: _breadth_first(root)[::-1],
            lambda root: _from_a_stack(root)[::-1],
        ),
        Slip(
            "compared by value",
            "Nodes with the value of another one are missing: nodes are told apart by identity, not by value.",
            lambda root: _first_of_each_value(topological_order(root)),
        ),
        Slip("root missing", "The root itself is missing from the list.", {"return order": "return order[:-1]"}),
        Slip(
            "leaves missing",
            "The leaves are missing: they are nodes too, without parents.",
            {"order.append(node)": "order.append(node) if node.parents else None"},
        ),
        Slip(
            "values for nodes",
            "The list holds values; asked are the nodes themselves.",
            {"order.append(node)": "order.append(node.value)"},
        ),
        Slip(
            "root's parents only",
            "Only the root and its parents are listed: go on to the parents' parents.",
            lambda root: [*dict.fromkeys(root.parents), root],
        ),
    ),
    hints=(
        "A node may be placed as soon as all its parents are placed. Which nodes are placed first?",
        "Visit the parents first, then append the node; keep a set of what has been visited.",
        "A recursive visit(node) does it; a stack of your own also works on very long chains.",
    ),
    why="Each node is pushed twice: once to send for its parents, once to be placed after them.",
)


def _preorder(root):
    found = []

    def visit(node):
        if node not in found:
            found.append(node)
            for parent in node.parents:
                visit(parent)

    visit(root)
    return found


def _from_a_stack(root):
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        if node not in found:
            found.append(node)
            stack.extend(node.parents)
    return found


def _first_of_each_value(nodes):
    found = []
    for node in nodes:
        if not any(np.array_equal(node.value, other.value) for other in found):
            found.append(node)
    return found


def _breadth_first(root):
    found = [root]
    for node in found:
        found.extend(parent for parent in dict.fromkeys(node.parents) if parent not in found)
    return found


# --- 09.Mul ----------------------------------------------------------------------------------------------------------


class Mul:
    """The product of two arrays of one shape, entry by entry, as an operation of a tape.

    Mul() makes one; .forward(a, b) returns a·b and keeps what the way back needs; .backward(y_bar), with the cotangent
    y_bar of the result, returns the pair of cotangents of a and b: (y_bar·b, y_bar·a).
    """

    def forward(self, a, b):
        self.a, self.b = a, b
        return a * b

    def backward(self, y_bar):
        return y_bar * self.b, y_bar * self.a


class MulKeepingATuple:
    def __init__(self):
        self.saved = ()

    def forward(self, a, b):
        self.saved = (b, a)
        return np.multiply(a, b)

    def backward(self, y_bar):
        return [y_bar * other for other in self.saved]


def _mul_cases(seed):
    rng = np.random.default_rng(seed)

    def use(shape):
        a, b, y_bar = (rng.normal(size=shape) for _ in range(3))
        return {"mapping": {"inputs": (a, b), "y_bar": y_bar}}

    return [{"way": "class", "arguments": (use(shape), use(shape))} for shape in [(1,), (3,), (2, 3), ()]]


MUL = Exercise(
    id="09.Mul",
    points=2,
    reference=Mul,
    cases=_mul_cases,
    label=parts("forward", "forward of a second Mul()", "backward", "backward of the first of two Mul()"),
    alternatives=(MulKeepingATuple,),
    slips=(
        Slip(
            "own factor kept",
            "The cotangents are swapped: the derivative of a·b with respect to a is b, the other factor.",
            {"return y_bar * self.b, y_bar * self.a": "return y_bar * self.a, y_bar * self.b"},
        ),
        Slip(
            "y_bar left out",
            "y_bar is missing: backward multiplies the local derivative by what comes from above.",
            {"y_bar * self.b, y_bar * self.a": "self.b, self.a"},
        ),
        Slip(
            "derivative of a sum",
            "y_bar was passed on as it is: that is the derivative of a + b.",
            {"y_bar * self.b, y_bar * self.a": "y_bar, y_bar"},
        ),
        Slip(
            "one cotangent for both",
            "The two cotangents were added or multiplied into one: each input gets its own.",
            {"y_bar * self.b, y_bar * self.a": "y_bar * self.b + y_bar * self.a"},
            {"y_bar * self.b, y_bar * self.a": "y_bar * self.b * self.a"},
            {"y_bar * self.b, y_bar * self.a": "y_bar * (self.a + self.b), y_bar * (self.a + self.b)"},
        ),
        Slip(
            "kept on the class",
            "The inputs were kept on the class (or in a global variable), where the next Mul() overwrites them: keep "
            "them on self.",
            {
                "self.a, self.b = a, b": "type(self).a, type(self).b = a, b",
            },
        ),
        Slip(
            "sum for product",
            "forward adds; Mul multiplies.",
            {"return a * b": "return a + b"},
        ),
        Slip(
            "matrix product",
            "forward takes the matrix product or the scalar product; asked is the product entry by entry.",
            {"return a * b": "return np.sum(a * b)"},
        ),
    ),
    hints=(
        "forward must keep a and b: self.a, self.b = a, b.",
        "y = a·b: what is ∂y/∂a, entry by entry? Multiply it by y_bar.",
    ),
    why="∂(ab)/∂a = b, so the other factor has to be kept.",
)

# --- 09.unbroadcast --------------------------------------------------------------------------------------------------


def unbroadcast(grad, shape):
    """grad summed over the axes along which an array of that shape had been broadcast, so that it has the shape again.

    grad is an array whose shape is one to which `shape` broadcasts; shape is a tuple and may be (). The result is an
    array of that shape.
    """
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    stretched = tuple(axis for axis, length in enumerate(shape) if length == 1)
    return grad.sum(axis=stretched, keepdims=True)


def unbroadcast_step_by_step(grad, shape):
    while np.ndim(grad) > len(shape):
        grad = np.sum(grad, axis=0)
    for axis in range(len(shape)):
        if shape[axis] == 1 and grad.shape[axis] != 1:
            grad = np.sum(grad, axis=axis, keepdims=True)
    return grad


def unbroadcast_by_padding(grad, shape):
    padded = (1,) * (grad.ndim - len(shape)) + shape
    axes = tuple(axis for axis in range(grad.ndim) if padded[axis] == 1)
    return np.sum(grad, axis=axes).reshape(shape) if axes else grad


def _unbroadcast_cases(seed):
    rng = np.random.default_rng(seed)
    pairs = [
        ((2,), (1,)),
        ((3,), ()),
        ((3,), (3,)),
        ((3, 3), (3,)),
        ((3, 3), (3, 1)),
        ((3, 3), (1, 3)),
        ((2, 3), (1, 1)),
        ((2, 3), ()),
        ((2, 4, 3), (1, 1, 3)),
        ((2, 2, 2), (2, 1)),
        ((2, 4, 3), (4, 1)),
        ((2, 1, 3), (1, 3)),
        ((2, 3, 2), (2, 1, 2)),
        ((), ()),
    ]
    return [call(np.array(rng.normal(size=grad)), shape) for grad, shape in pairs]


UNBROADCAST = Exercise(
    id="09.unbroadcast",
    points=3,
    reference=unbroadcast,
    cases=_unbroadcast_cases,
    alternatives=(unbroadcast_step_by_step, unbroadcast_by_padding),
    slips=(
        Slip(
            "by size for axis",
            "The axes to sum over were found by their lengths: with equal lengths, (3, 3) from (3,) or (3, 1), that "
            "hits "
            "the wrong axis. Broadcasting aligns shapes at their last axis.",
            lambda grad, shape: grad.sum(axis=tuple(i for i, n in enumerate(grad.shape) if n not in shape)).reshape(
                shape
            ),
            lambda grad, shape: _by_size(grad, shape),
            lambda grad, shape: _first_fit(grad, shape),
            lambda grad, shape: _from_the_front(grad, shape),
            lambda grad, shape: grad.reshape(-1, int(np.prod(shape))).sum(axis=0).reshape(shape),
            lambda grad, shape: _until_the_size_fits(grad, shape),
            lambda grad, shape: (
                np.resize(grad.sum(axis=0), shape) if grad.size != np.prod(shape) else grad.reshape(shape)
            ),
        ),
        Slip(
            "leading axes forgotten",
            "The axes that broadcasting added in front were not summed over: only those of length 1 were.",
            {"grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))": "pass"},
        ),
        Slip(
            "axes of length 1 forgotten",
            "The axes of length 1 were not summed over: they were stretched too.",
            {"return grad.sum(axis=stretched, keepdims=True)": "return grad"},
        ),
        Slip(
            "axes of length 1 lost",
            "The summed axes are gone: keepdims=True keeps them with length 1, so that the shape is right.",
            {"keepdims=True": "keepdims=False"},
        ),
        Slip(
            "mean for sum",
            "The mean was taken; each copy of a broadcast value adds its own contribution, so it is the sum.",
            {"grad.sum(axis=tuple": "grad.mean(axis=tuple", "grad.sum(axis=stretched": "grad.mean(axis=stretched"},
            {"grad.sum(axis=stretched": "grad.mean(axis=stretched"},
            {"grad.sum(axis=tuple": "grad.mean(axis=tuple"},
        ),
        Slip(
            "first copy only",
            "Only one copy was taken; each copy of a broadcast value adds its own contribution.",
            lambda grad, shape: _first_copy(grad, shape),
        ),
        Slip(
            "trailing axes summed",
            "The extra axes were looked for at the end; broadcasting adds them in front.",
            lambda grad, shape: unbroadcast(grad.sum(axis=tuple(range(len(shape), grad.ndim))), shape),
        ),
        Slip(
            "summed over everything",
            "Everything was summed and spread again: only the axes that were broadcast are summed over.",
            lambda grad, shape: np.full(shape, grad.sum()),
        ),
    ),
    hints=(
        "Broadcasting does two things: it adds axes in front, and it stretches axes of length 1. Undo each by a sum.",
        "How many axes were added? grad.ndim − len(shape), and they are the first ones.",
        "grad.sum(axis=…, keepdims=True) keeps a summed axis with length 1. An empty tuple of axes changes nothing.",
    ),
    why="What was copied on the way forward is summed on the way back.",
)


def _by_size(grad, shape):
    for length in set(grad.shape):
        if length not in shape:
            grad = grad.sum(axis=grad.shape.index(length))
    while grad.ndim > len(shape):
        grad = grad.sum(axis=-1)
    return grad.reshape(shape) if grad.size == np.prod(shape) else np.resize(grad, shape)


def _first_fit(grad, shape):
    """Each axis that has the next length wanted is kept, the others are summed."""
    wanted, axes = list(shape), []
    for axis, length in enumerate(grad.shape):
        if wanted and length == wanted[0]:
            wanted.pop(0)
        else:
            axes.append(axis)
    return grad.sum(axis=tuple(axes)).reshape(shape)


def _from_the_front(grad, shape):
    """The shapes are compared from their first axis on; where they differ the axis is summed away."""
    for axis, length in enumerate(grad.shape):
        if axis >= len(shape) or length != shape[axis]:
            return _from_the_front(grad.sum(axis=axis), shape) if grad.ndim > 1 else np.resize(grad.sum(), shape)
    return grad


def _until_the_size_fits(grad, shape):
    while grad.size > np.prod(shape):
        grad = grad.sum(axis=0)
    return np.reshape(grad, shape)


def _first_copy(grad, shape):
    grad = grad[(0,) * (grad.ndim - len(shape))]
    return grad[tuple(slice(0, 1) if n == 1 else slice(None) for n in shape)]


# --- 09.backward -----------------------------------------------------------------------------------------------------


def backward(root, seed=1.0):
    """The derivative of root with respect to every leaf that requires it, added into the leaf's .grad.

    A node has .value, .parents (a tuple), .op (None for a leaf, else with .backward(y_bar), which gives one cotangent
    for each parent, of the parent's shape), .requires_grad and .grad (None at first). seed is the cotangent of root.
    The result is None; leaves that do not require a gradient keep None. A second call adds once more. A sum hands one
    and the same array to all its parents, so add with a + b, which makes a new one, and not with +=.
    """
    y_bars = {root: seed}
    for node in reversed(topological_order(root)):
        y_bar = y_bars[node]
        if node.op is None:
            if node.requires_grad:
                node.grad = y_bar if node.grad is None else node.grad + y_bar
        else:
            for parent, cotangent in zip(node.parents, node.op.backward(y_bar)):
                y_bars[parent] = y_bars.get(parent, 0.0) + cotangent


def backward_along_paths(root, seed=1.0):
    """The chain rule along every path, the paths summed at the leaves."""
    if root.op is None and root.requires_grad:
        root.grad = seed + (0.0 if root.grad is None else root.grad)
    elif root.op is not None:
        for parent, cotangent in zip(root.parents, root.op.backward(seed)):
            backward_along_paths(parent, cotangent)


def backward_on_the_nodes(root, seed=1.0):
    """Adjoints on the nodes, cleared before and after."""
    order = topological_order(root)
    before = {node: node.grad for node in order}
    for node in order:
        node.grad = np.zeros(np.shape(node.value))
    root.grad = root.grad + seed
    for node in order[::-1]:
        cotangents = node.op.backward(node.grad) if node.op else ()
        for parent, cotangent in zip(node.parents, cotangents):
            parent.grad = parent.grad + cotangent
    for node in order:
        if node.op is not None or not node.requires_grad:
            node.grad = None
        elif before[node] is not None:
            node.grad = node.grad + before[node]


def _backward_cases(seed):
    rng = np.random.default_rng(seed)
    cases = []
    for shape in SHAPES:
        x, y = rng.uniform(0.3, 0.9, size=2) * rng.choice([-1.0, 1.0], size=2)
        cases.append({"way": "backward", "arguments": (_graph(shape, float(x), float(y)),), "calls": [None]})
    for shape in (_product, _square, _with_constant, _lecture, _diamond, _sums):
        x, y, y_bar = rng.uniform(0.3, 0.9, size=(3, 3))
        calls = [y_bar, None, y_bar + 1.0]
        cases.append({"way": "backward", "arguments": (_graph(shape, x, y),), "calls": calls})
    return cases


def _backward_label(path):
    if len(path) == 2:
        return f"the gradient of leaf {path[1] + 1} after call {path[0] + 1}"
    return "the gradients" if path else "the result"


_PUSH = "y_bars[parent] = y_bars.get(parent, 0.0) + cotangent"
_KEEP = "node.grad = y_bar if node.grad is None else node.grad + y_bar"

BACKWARD = Exercise(
    id="09.backward",
    points=4,
    reference=backward,
    cases=_backward_cases,
    label=_backward_label,
    driving=("graphs",),
    alternatives=(backward_along_paths, backward_on_the_nodes),
    slips=(
        Slip(
            "overwrite for accumulate",
            "A cotangent was overwritten where it must be added: a node that is used twice gets a contribution from "
            "each use (+=, not =), and a leaf keeps what it had.",
            {_PUSH: "y_bars[parent] = cotangent"},
            {_KEEP: "node.grad = y_bar"},
            {_PUSH: "y_bars[parent] = cotangent", _KEEP: "node.grad = y_bar"},
            lambda root, seed=1.0: _overwriting(root, seed),
            lambda root, seed=1.0: _overwriting_along_paths(root, seed),
        ),
        Slip(
            "recursion without topological order",
            "A node passed its cotangent on before all its consumers had added theirs: visit each node once, after all "
            "that use it, in reverse topological order.",
            lambda root, seed=1.0: _depth_first(root, seed),
            lambda root, seed=1.0: _depth_first_on_the_nodes(root, seed, constants_too=False),
            lambda root, seed=1.0: _depth_first_on_the_nodes(root, seed, constants_too=True),
            {"reversed(topological_order(root))": "_preorder(root)"},
            lambda root, seed=1.0: _visited_once(root, seed, -1),
            lambda root, seed=1.0: _visited_once(root, seed, 0),
            lambda root, seed=1.0: _visited_once(root, seed, -1, leaves_last=True),
            lambda root, seed=1.0: _visited_once(root, seed, 0, leaves_last=True),
            {"reversed(topological_order(root))": "_breadth_first(root)"},
        ),
        Slip(
            "seed missing",
            "The seed is not used: the cotangent of the root is seed, not always 1.",
            {"{root: seed}": "{root: 1.0}"},
            {"{root: seed}": "{root: np.ones(np.shape(root.value))}"},
        ),
        Slip(
            "value for seed",
            "The root's value was taken for its cotangent; that is seed (1.0 if nothing is given).",
            {"{root: seed}": "{root: root.value}"},
            {"{root: seed}": "{root: seed * root.value}"},
        ),
        Slip(
            "reused node counted once",
            "A node that stands twice among the parents (a·a) was counted once: each place has its own cotangent.",
            {"zip(node.parents, node.op.backward(y_bar))": "_one_place_each(node, y_bar)"},
            {"zip(node.parents, node.op.backward(y_bar))": "reversed(_one_place_each(node, y_bar, first=True))"},
        ),
        Slip(
            "gradients given to constants",
            "A constant was given a gradient: only leaves with requires_grad get one, the others keep None.",
            {"if node.requires_grad:": "if True:"},
            lambda root, seed=1.0: _zeros_for_constants(root, seed),
        ),
        Slip(
            "shared array changed in place",
            "A cotangent was added in place (+=) to an array that another node holds too: a sum hands the same array "
            "to all its parents. Make a new one, y_bars[parent] = y_bars[parent] + cotangent.",
            lambda root, seed=1.0: _adding_in_place(root, seed),
            lambda root, seed=1.0: _adding_in_place(root, seed, into_grad=True),
            lambda root, seed=1.0: _adding_in_place(root, np.array(seed)),
            lambda root, seed=1.0: _adding_in_place(root, np.array(seed), into_grad=True),
        ),
        Slip(
            "values changed",
            "The values of the leaves were changed: backward only adds gradients, the step is the optimizer's.",
            {_KEEP: f"{_KEEP}; node.value = node.value - 0.1 * node.grad"},
        ),
        Slip(
            "stale inner gradients",
            "The second call is wrong: cotangents of inner nodes were kept from the first. Keep them in a "
            "dictionary of "
            "the call, not on the nodes.",
            lambda root, seed=1.0: _keeping_inner(root, seed),
            lambda root, seed=1.0: _keeping_inner(root, seed, constants_too=True),
        ),
        Slip(
            "root's parents only",
            "Only the root's own parents got a gradient: go on, from each node to its parents.",
            lambda root, seed=1.0: _one_level(root, seed),
        ),
        Slip(
            "gradients without seed",
            "y_bar was left out: each node passes on the cotangent that it received, not 1.",
            {"node.op.backward(y_bar)": "node.op.backward(1.0)"},
        ),
    ),
    hints=(
        "The root's cotangent is seed. Which node may go next? The one whose consumers have all been visited.",
        "Go through reversed(topological_order(root)); keep the cotangents in a dictionary {node: y_bar}.",
        "For each node: zip(node.parents, node.op.backward(y_bar)), and add to what the parent has. Leaves add into "
        ".grad.",
    ),
    why="Reverse topological order: every consumer has added its part before a node passes its sum on.",
)


def _one_place_each(node, y_bar, first=False):
    """Pairs (parent, cotangent) in which a parent that stands twice has one cotangent, the first or the last."""
    pairs = list(zip(node.parents, node.op.backward(y_bar)))
    return list(dict(pairs[::-1] if first else pairs).items())


def _zeros_for_constants(root, seed):
    backward(root, seed)
    for node in topological_order(root):
        if node.op is None and not node.requires_grad:
            node.grad = np.zeros(np.shape(node.value)) if np.ndim(node.value) else 0.0


def _adding_in_place(root, seed, into_grad=False):
    """+= on what a node handed over, which may be an array that other nodes hold too."""
    y_bars = {root: seed}
    for node in reversed(topological_order(root)):
        y_bar = y_bars[node]
        if node.op is None and node.requires_grad:
            if node.grad is None:
                node.grad = y_bar
            elif into_grad:
                node.grad += y_bar
            else:
                node.grad = node.grad + y_bar
        for parent, cotangent in zip(node.parents, node.op.backward(y_bar) if node.op else ()):
            if parent in y_bars:
                y_bars[parent] += cotangent
            else:
                y_bars[parent] = cotangent


def _overwriting(root, seed):
    """Cotangents on the nodes, overwritten."""
    cotangents = {root: seed}
    for node in reversed(topological_order(root)):
        if node.op is None:
            node.grad = cotangents[node] if node.requires_grad else None
        else:
            cotangents.update(dict(zip(node.parents, node.op.backward(cotangents[node]))))


def _overwriting_along_paths(root, seed):
    """A recursion that sets a leaf's gradient to what came along the last path."""
    if root.op is None:
        root.grad = seed if root.requires_grad else None
        return
    for parent, cotangent in zip(root.parents, root.op.backward(seed)):
        _overwriting_along_paths(parent, cotangent)


def _visited_once(root, seed, turn, leaves_last=False):
    """A stack (turn -1) or queue (turn 0): each node passes on what it has when it is first met."""
    y_bars, done, waiting = {root: seed}, [], [root]
    grads = {}
    while waiting:
        node = waiting.pop(turn)
        if node in done:
            continue
        done.append(node)
        grads[node] = y_bars[node]
        for parent, cotangent in zip(node.parents, node.op.backward(y_bars[node]) if node.op else ()):
            y_bars[parent] = y_bars.get(parent, 0.0) + cotangent
            waiting.append(parent)
    for node, grad in (y_bars if leaves_last else grads).items():
        if node.op is None and node.requires_grad:
            node.grad = grad if node.grad is None else node.grad + grad


def _depth_first(root, seed):
    """Each node adds what it got and passes its whole sum on, every time it is reached."""
    sums = {}

    def visit(node, y_bar):
        sums[node] = sums.get(node, 0.0) + y_bar
        if node.op is not None:
            for parent, cotangent in zip(node.parents, node.op.backward(sums[node])):
                visit(parent, cotangent)

    visit(root, seed)
    for node, y_bar in sums.items():
        if node.op is None and node.requires_grad:
            node.grad = y_bar if node.grad is None else node.grad + y_bar


def _depth_first_on_the_nodes(root, seed, constants_too):
    """The same with the sums in .grad, as a recursion has it."""
    root.grad = seed if root.grad is None else root.grad + seed
    if root.op is not None:
        for parent, cotangent in zip(root.parents, root.op.backward(root.grad)):
            if parent.requires_grad or constants_too:
                _depth_first_on_the_nodes(parent, cotangent, constants_too)


def _keeping_inner(root, seed, constants_too=False):
    root.grad = seed if root.grad is None else root.grad + seed
    for node in reversed(topological_order(root)):
        if node.op is not None:
            for parent, cotangent in zip(node.parents, node.op.backward(node.grad)):
                if parent.requires_grad or (constants_too and parent.op is not None):
                    parent.grad = cotangent if parent.grad is None else parent.grad + cotangent


def _one_level(root, seed):
    for parent, cotangent in zip(root.parents, root.op.backward(seed) if root.op else ()):
        if parent.requires_grad:
            parent.grad = cotangent if parent.grad is None else parent.grad + cotangent


# --- 09.zero_grad ----------------------------------------------------------------------------------------------------


def zero_grad(params):
    """Each parameter's .grad back to None (or to zeros); the values stay as they are.

    params is a list of leaves. The result is None.
    """
    for p in params:
        p.grad = None


def zero_grad_with_zeros(params):
    for p in params:
        p.grad = np.zeros_like(p.value)


def zero_grad_in_place(params):
    for p in params:
        if isinstance(p.grad, np.ndarray):
            p.grad[...] = 0.0
        else:
            p.grad = 0.0


def _zero_cases(seed):
    rng = np.random.default_rng(seed)

    def leaves(*shapes):
        return [_leaf(np.array(rng.normal(size=shape)), True, np.array(rng.normal(size=shape))) for shape in shapes]

    return [
        {"way": "zero", "arguments": ({"graph": rows},)}
        for rows in (leaves((1,)), leaves((2,), (3, 2)), [*leaves((2, 2), ()), _leaf(1.5, True, 2.5), _leaf(0.5)])
    ]


def _compare_zero(case, value, expected):
    parts_seen = [items_of(part) for part in items_of(value)]
    if [len(part) for part in parts_seen] != [len(part["items"]) for part in expected["items"]]:
        return "Only the gradients of the parameters are cleared."
    grads, values = parts_seen
    for got, right in zip(values, expected["items"][1]["items"]):
        array, wanted = as_array(got), as_array(right)
        if array is None or array.shape != wanted.shape or not (array == wanted).all():
            return "A value has been changed: only the gradients are cleared."
    if any(grad.get("kind") == "text" for grad in grads):
        return "A parameter has no .grad any more."
    rows = case["arguments"][0]["graph"]
    left = [index for index, grad in enumerate(grads) if not _cleared(grad, rows[index][1])]
    if any(not _is_kept(grads[index], rows[index][3]) for index in left):
        return "A gradient has been changed, but it is neither None nor zeros of the parameter's shape."
    if left:
        place = "all" if len(left) == sum(row[3] is not None for row in rows) else "some"
        return f"The gradients of {place} parameters are what they were."
    return ""


def _cleared(grad, value):
    """Whether a gradient is None, the number 0, or zeros in the shape of the parameter's value."""
    array = as_array(grad)
    numbers = array is not None and array.dtype.kind in "iuf" and array.shape in ((), np.shape(value))
    return grad.get("type") == "None" or (numbers and not array.any())


def _is_kept(grad, before):
    array = as_array(grad)
    return array is not None and before is not None and np.array_equal(array, before)


ZERO_GRAD = Exercise(
    id="09.zero_grad",
    points=1,
    reference=zero_grad,
    cases=_zero_cases,
    compare=_compare_zero,
    driving=("graphs",),
    alternatives=(zero_grad_with_zeros, zero_grad_in_place),
    slips=(
        Slip(
            "values zeroed",
            "The values were changed: only .grad is cleared; the parameters are what has been learned.",
            {"p.grad = None": "p.grad = None; p.value = p.value * 0.0"},
            {"p.grad = None": "p.value = 0.0"},
        ),
        Slip(
            "name rebound",
            "Nothing was cleared: assigning to a local name does not reach the parameter; assign to p.grad itself.",
            {"p.grad = None": "gradient = p.grad; gradient = None"},
            {"p.grad = None": "p = None"},
            {"p.grad = None": "p.gradient = None"},
        ),
        Slip(
            "first parameter only",
            "Some parameters keep their gradient: go through all of them (a return inside the loop ends it early).",
            {"p.grad = None": "p.grad = None; break"},
            lambda params: setattr(params[-1], "grad", None) if len(params) > 1 else zero_grad(params),
        ),
        Slip(
            "attribute deleted",
            "The attribute .grad was deleted; it must be there, as None or zeros.",
            {"p.grad = None": "del p.grad"},
        ),
    ),
    hints=(
        "A loop over params, with one assignment.",
        "p.grad = None changes the parameter; g = p.grad; g = None changes only the name g.",
    ),
    why="Without it the next backward adds to the gradients of the step before.",
)

EXERCISES = (TOPOLOGICAL_ORDER, MUL, UNBROADCAST, BACKWARD, ZERO_GRAD)
