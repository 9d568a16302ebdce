"""The same slips and the same right answers in other hands: loops, einsum, other functions, other shapes inside."""
# ruff: noqa: E501, PLW0108, PLW2901, RUF007 - one answer in a line, as learners write them

import math

import numpy as np
import pytest

from dlcalc import autodiff as torch
from dlcalc.exercises import check


def sigma(z):
    return 1.0 / (1.0 + np.exp(-z))


def stack_ones(A, first=False):
    ones = np.ones(A.shape[0])
    return np.column_stack((ones, A) if first else (A, ones))


def forward_with(X, weights, phi, hidden, output=lambda Z, phi: Z):
    pairs, A = [], stack_ones(X)
    for index in range(len(weights)):
        Z = np.dot(A, weights[index].T)
        last = index == len(weights) - 1
        A = output(Z, phi) if last else hidden(Z, phi)
        pairs.append((Z, A))
    return pairs


def units(weights, x, y, phi, dphi, back=None, v_of=lambda z, v: v, rate=0.0):
    """Backpropagation by unit, with a place for a slip."""
    weights = [np.array(W) for W in weights]
    v, z = [np.r_[x, 1.0]], [None]
    for W in weights:
        z.append(np.array([sum(W[j, i] * v[-1][i] for i in range(W.shape[1])) for j in range(W.shape[0])]))
        v.append(np.r_[phi(z[-1]), 1.0])
    delta, grads = [2 * (a - b) for a, b in zip(z[-1], y, strict=True)], {}
    for layer in range(len(weights), 0, -1):
        W = weights[layer - 1]
        grads[layer] = np.array([[d * u for u in v_of(z[layer - 1], v[layer - 1])] for d in delta])
        if rate:
            W -= rate * grads[layer]
        if layer > 1:
            delta = (back or honest)(W, delta, z[layer - 1], dphi, v[layer - 1], z[layer])
    return [grads[layer] for layer in sorted(grads)]


def honest(W, delta, z, dphi, v, z_next):
    return [dphi(z[j]) * sum(W[k][j] * delta[k] for k in range(len(delta))) for j in range(len(z))]


def matrices(weights, cache, y, *, delta=None, grad=None, slope=None, way_back=None, rate=0.0):
    """Backpropagation by matrix from φ(Z) with a place for a slip."""
    Z = cache[-1][0]
    N, n = Z.shape
    D = delta(Z, y, N, n) if delta else (Z - y) * 2.0 / (N * n)
    out = [None] * len(weights)
    for layer in range(len(weights) - 1, -1, -1):
        V = cache[layer][1]
        out[layer] = grad(D, V, cache[layer][0]) if grad else np.einsum("nj,ni->ji", D, V)
        W = weights[layer] - rate * out[layer]
        if layer:
            back = way_back(D, W) if way_back else np.dot(D, W[:, :-1])
            D = slope(back, cache[layer][0]) if slope else back * sigma(cache[layer][0]) * (1 - sigma(cache[layer][0]))
    return out


def one_after_the_other(weights, cache, y):
    out = [np.zeros_like(W) for W in weights]
    for n in range(len(y)):
        d = 2 * (cache[-1][0][n] - y[n]) / y.size
        for layer in range(len(weights) - 1, -1, -1):
            out[layer] = np.outer(d, cache[layer][1][n])
            v = cache[layer][1][n][:-1]
            d = weights[layer][:, :-1].T.dot(d) * v * (1 - v) if layer else d
    return out


def unsummed(D, V, Z):
    grad = np.dot(D.T, V)
    grad[:, -1] = D
    return grad


def backward_recursively(root, seed=1.0):
    def visit(node, y_bar):
        node.grad = y_bar if node.grad is None else node.grad + y_bar
        if node.op is not None:
            for parent, cotangent in zip(node.parents, node.op.backward(node.grad), strict=True):
                visit(parent, cotangent)

    visit(root, seed)


SLIPS = [
    ("01.augment", "ones prepended", lambda X: np.insert(X, 0, 1.0, axis=1)),
    ("01.affine", "ones prepended", lambda X, W: X @ W[:, 1:].T + W[:, 0]),
    ("01.affine", "X@W", lambda X, W: np.dot(X, W)),
    ("01.affine", "X@W", lambda X, W: np.einsum("ni,ij->nj", stack_ones(X), W)),
    ("01.affine", "broadcast to (N,N)", lambda X, W: X @ W[:, :-1].T + W[:, -1][:, None]),
    ("01.forward", "hidden layer not augmented again", lambda X, w, phi: forward_with(X, w, phi, lambda Z, phi: phi(Z))),
    ("01.forward", "φ applied to the bias node",
     lambda X, w, phi: forward_with(X, w, phi, lambda Z, phi: phi(stack_ones(Z)))),
    ("01.forward", "φ on the linear output",
     lambda X, w, phi: forward_with(X, w, phi, lambda Z, phi: stack_ones(phi(Z)), lambda Z, phi: phi(Z))),
    ("01.count_parameters", "biases not counted", lambda sizes: int(np.dot(sizes[1:], sizes[:-1]))),
    ("02.mse", "sum for mean", lambda a, b: np.linalg.norm(a - b) ** 2),
    ("02.grad_linear", "sign of the residual", lambda w, X, y: np.mean(2 * (y - X @ w)[:, None] * X, axis=0)),
    ("02.grad_linear", "factor 2 lost", lambda w, X, y: np.mean((X @ w - y)[:, None] * X, axis=0)),
    ("02.grad_linear", "sum for mean", lambda w, X, y: np.sum(2 * (X @ w - y)[:, None] * X, axis=0)),
    ("02.minibatches", "last batch dropped",
     lambda n, b, rng: list(rng.permutation(n)[: n // b * b].reshape(-1, b))),
    ("02.minibatches", "sampling with replacement", lambda n, b, rng: np.split(rng.choice(n, n), range(b, n, b))),
    ("02.sgd_step", "ascent", lambda params, grads, lr: [np.add(p, lr * g) for p, g in zip(params, grads, strict=True)]),
    ("03.partials", "df/dw = φ′(z)",
     lambda w, wp, x: (sigma(wp * x) * sigma(-wp * x), w * sigma(wp * x) * sigma(-wp * x) * x,
                       w * sigma(wp * x) * sigma(-wp * x) * wp)),
    ("03.partials", "φ for φ′", lambda w, wp, x: [sigma(wp * x), w * x * sigma(wp * x), w * wp * sigma(wp * x)]),
    ("04.dsigmoid", "z(1−z)", lambda z: z - z * z),
    ("04.dsigmoid", "σ′(σ(z))", lambda z: sigma(sigma(z)) * sigma(-sigma(z))),
    ("04.dsigmoid", "sign lost in the quotient rule", lambda z: -np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))) ** 2),
    ("04.dtanh", "1−z²", lambda z: (1 - z) * (1 + z)),
    ("04.drelu", "mask v ≥ 0", lambda z: np.ones(np.shape(z))),
    ("04.sigmoid", "overflow at −1000", lambda z: np.power(1 + np.exp(np.negative(z)), -1.0)),
    ("05.taylor2", "½ missing", lambda f0, g, H, x0: lambda x: f0 + (x - x0) @ g + (x - x0) @ (H @ (x - x0))),
    ("05.layer_jacobian", "J transposed", lambda W, z, dphi: (W[:, :-1] * dphi(z)).T),
    ("05.layer_jacobian", "diag on the wrong side", lambda W, z, dphi: np.einsum("k,kj->kj", dphi(z), W[:, :-1])),
    ("05.jacobian_fd", "J transposed",
     lambda f, x, h: np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])),
    ("06.compose_jacobian", "wrong order", lambda A, B: np.dot(B, A)),
    ("06.vjp", "Jv for vᵀJ", lambda v, J: np.einsum("mn,n->m", J, v)),
    ("06.vjp", "inverse for transpose", lambda v, J: np.linalg.inv(J).dot(v)),
    ("07.hidden_delta", "φ′ missing", lambda j, W, delta, z, dphi: float(W[:, j].dot(delta))),
    ("07.hidden_delta", "incoming weights summed", lambda j, W, delta, z, dphi: dphi(z[j]) * np.dot(W[j, :-1], delta)),
    ("07.backprop_units", "φ′ missing",
     lambda *a: units(*a, back=lambda W, d, z, dphi, v, zn: [np.dot(W[:, j], d) for j in range(len(z))])),
    ("07.backprop_units", "z_i for v_i",
     lambda *a: units(*a, v_of=lambda z, v: v if z is None else np.r_[z, 1.0])),
    ("07.backprop_units", "updated weights", lambda *a: units(*a, rate=0.1)),
    ("08.linear_backward", "bias column kept", lambda D, V, W: (np.dot(D, W), np.dot(D.T, V))),
    ("08.linear_backward", "gradient transposed", lambda D, V, W: (D @ W[:, :-1], np.einsum("nj,ni->ij", D, V))),
    ("08.mlp_backward", "no transpose", lambda *a: matrices(*a, grad=lambda D, V, Z: np.dot(D, V))),
    ("08.mlp_backward", "no transpose", lambda *a: matrices(*a, way_back=lambda D, W: np.dot(D, W[:, :-1].T))),
    ("08.mlp_backward", "gradient transposed", lambda *a: matrices(*a, grad=lambda D, V, Z: np.dot(V.T, D))),
    ("08.mlp_backward", "@ for ⊙", lambda *a: matrices(*a, slope=lambda back, Z: back @ (sigma(Z) * sigma(-Z)))),
    ("08.mlp_backward", "φ for φ′", lambda *a: matrices(*a, slope=lambda back, Z: back * sigma(Z))),
    ("08.mlp_backward", "φ′(v)",
     lambda *a: matrices(*a, slope=lambda back, Z: back * sigma(sigma(Z)) * sigma(-sigma(Z)))),
    ("08.mlp_backward", "no φ′", lambda *a: matrices(*a, slope=lambda back, Z: back)),
    ("08.mlp_backward", "φ′ twice", lambda *a: matrices(*a, slope=lambda back, Z: back * (sigma(Z) * sigma(-Z)) ** 2)),
    ("08.mlp_backward", "Z for V", lambda *a: matrices(*a, grad=lambda D, V, Z: D.T @ stack_ones(Z))),
    ("08.mlp_backward", "sum loss", lambda *a: matrices(*a, delta=lambda f, y, N, n: 2 * (f - y))),
    ("08.mlp_backward", "mean over N only", lambda *a: matrices(*a, delta=lambda f, y, N, n: 2 * (f - y) / N)),
    ("08.mlp_backward", "1/N twice", lambda *a: matrices(*a, grad=lambda D, V, Z: D.T @ V / V.shape[0])),
    ("08.mlp_backward", "factor 2", lambda *a: matrices(*a, delta=lambda f, y, N, n: (f - y) / (N * n))),
    ("08.mlp_backward", "sign", lambda *a: matrices(*a, delta=lambda f, y, N, n: 2 * (y - f) / (N * n))),
    ("08.mlp_backward", "bias averaged",
     lambda *a: matrices(*a, grad=lambda D, V, Z: np.c_[D.T @ V[:, :-1], np.mean(D, 0)])),
    ("08.mlp_backward", "bias unsummed", lambda *a: matrices(*a, grad=unsummed)),
    ("08.mlp_backward", "last example only", one_after_the_other),
    ("08.mlp_backward", "updated W", lambda *a: matrices(*a, rate=0.1)),
    ("08.mlp_backward", "bias column kept", lambda *a: matrices(*a, way_back=np.dot)),
    ("09.Mul", "own factor kept", type("Mul", (), {
        "forward": lambda self, a, b: setattr(self, "ab", (a, b)) or a * b,
        "backward": lambda self, y_bar: tuple(y_bar * value for value in self.ab),
    })),
    ("09.backward", "recursion without topological order", backward_recursively),
    ("10.manual_grads", ".grad read off a non-leaf", lambda model, X, y: [p.grad.numpy() for p in model.parameters()]),
]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize(("exercise", "slip", "answer"), SLIPS, ids=[f"{row[0]}-{row[1]}" for row in SLIPS])
def test_a_slip_is_known_in_another_hand(exercise, slip, answer, seed):
    result = check(exercise, answer, seed=seed)
    assert result.slip == slip, result


class Stored:
    def forward(self, a, b):
        self.local = {"a": b, "b": a}
        return a * b

    def backward(self, y_bar):
        return np.array(self.local["a"] * y_bar), np.array(self.local["b"] * y_bar)


def stable(z):
    z = np.asarray(z, dtype=float)
    out = np.empty_like(z)
    out[z >= 0] = 1 / (1 + np.exp(-z[z >= 0]))
    out[z < 0] = np.exp(z[z < 0]) / (1 + np.exp(z[z < 0]))
    return out


def slices(n, batch_size, rng):
    order, start = rng.permutation(n).tolist(), 0
    while start < n:
        yield tuple(order[start : start + batch_size])
        start += batch_size


def backward_by_heights(root, seed=1.0):
    nodes, bars = [], {}

    def visit(node):
        if not any(node is other for other in nodes):
            [visit(parent) for parent in node.parents]
            nodes.append(node)

    visit(root)
    bars[root] = np.asarray(seed, float)
    while nodes:
        node = nodes.pop()
        if node.op is None and node.requires_grad:
            node.grad = bars[node] + (0 if node.grad is None else node.grad)
        if node.op is not None:
            for k, parent in enumerate(node.parents):
                bars[parent] = bars.get(parent, 0) + node.op.backward(bars[node])[k]


def manual_with_tensors(model, X, y):
    W1, b1, W2, b2 = (p.numpy() if not p.requires_grad else p.detach().numpy() for p in model.parameters())
    A, t = X.detach().numpy(), y.detach().numpy()
    h = A.dot(W1.T) + b1
    r = h * (h > 0)
    e = (r.dot(W2[0]) + b2[0] - t) * 2 / t.size
    back = np.outer(e, W2[0]) * np.heaviside(h, 0)
    return [np.einsum("nh,ni->hi", back, A), back.sum(0), (e @ r)[None, :], np.array([e.sum()])]


def trained(model, X, y, lr, epochs, seed):
    history = np.empty(epochs)
    for epoch in range(epochs):
        model.zero_grad()
        loss = torch.nn.MSELoss()(model(X), y)
        loss.backward()
        history[epoch] = loss.item()
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
    return [float(value) for value in history]


RIGHT = [
    ("01.forward", lambda X, w, phi: tuple(forward_with(X, w, phi, lambda Z, phi: stack_ones(phi(Z))))),
    ("01.forward", lambda X, w, phi: [list(p) for p in forward_with(X, w, phi, lambda Z, phi: stack_ones(phi(Z)))]),
    ("01.count_parameters", lambda sizes: np.int64(sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False)))),
    ("02.mse", lambda a, b: np.average(np.square(np.subtract(b, a)))),
    ("02.minibatches", slices),
    ("02.minibatches", lambda n, b, rng: [rng.permuted(np.arange(n))[s : s + b] for s in [slice(0, n).start]]
     if b >= n else np.split(rng.permutation(n), np.arange(b, n, b))),
    ("03.f", lambda w, wp, x: np.float64(w) * (math.tanh(wp * x / 2) + 1) / 2),
    ("04.sigmoid", stable),
    ("04.dsigmoid", lambda z: stable(z) * (1 - stable(z))),
    ("04.dsigmoid", lambda z: stable(z) - stable(z) ** 2),
    ("04.dtanh", lambda z: 1 - np.square(np.tanh(z))),
    ("04.drelu", lambda z: np.array(z > 0, dtype=float)),
    ("05.taylor1", lambda f0, g, x0: lambda x: f0 + sum(a * (b - c) for a, b, c in zip(g, x, x0, strict=True))),
    ("06.total_derivative", lambda edges, s, t: 1.0 if s == t else float(sum(
        d * RIGHT_TOTAL(edges, end, t) for start, end, d in edges if start == s))),
    ("07.hidden_delta", lambda j, W, delta, z, dphi: np.asarray(dphi(z))[j] * np.inner(W.T[j], delta)),
    ("07.backprop_units", units),
    ("08.mlp_backward", matrices),
    ("08.mlp_backward", lambda w, c, y: tuple(matrices(w, c, y))),
    ("09.Mul", Stored),
    ("09.backward", backward_by_heights),
    ("09.unbroadcast", lambda grad, shape: np.broadcast_to(grad, grad.shape).reshape(grad.shape) if grad.shape == shape
     else check_shape(grad, shape)),
    ("09.zero_grad", lambda params: [setattr(p, "grad", 0 * p.value) for p in params] and None),
    ("10.manual_grads", manual_with_tensors),
    ("10.train", trained),
]  # fmt: skip


def RIGHT_TOTAL(edges, source, target):
    return 1.0 if source == target else sum(d * RIGHT_TOTAL(edges, e, target) for s, e, d in edges if s == source)


def check_shape(grad, shape):
    padded = (1,) * (grad.ndim - len(shape)) + tuple(shape)
    for axis, (length, wanted) in enumerate(zip(grad.shape, padded, strict=True)):
        if length != wanted:
            grad = np.add.reduce(grad, axis=axis, keepdims=True)
    return grad.reshape(shape)


@pytest.mark.parametrize("seed", [0, 3, 11])
@pytest.mark.parametrize(("exercise", "answer"), RIGHT, ids=[f"{index}-{row[0]}" for index, row in enumerate(RIGHT)])
def test_a_right_answer_is_right_in_another_hand(exercise, answer, seed):
    result = check(exercise, answer, seed=seed)
    assert result.passed, result
