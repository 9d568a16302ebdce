"""The same multi-layer perceptron, trained by gradient descent, in every peer: ReLU between layers, a linear output.

Each function returns a pair (convert, train). `convert` turns an array into what the peer computes with;
`train(weights, batches, lr)` starts from copies of the weights [W | b], makes one step per batch (X, y) of converted
arrays, and returns the trained weights in the same form. Losses are "mse" (one output) or "cross_entropy" (labels).
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import peer

Weights = list[NDArray]
Batches = Sequence[tuple[Any, Any]]
Peer = tuple[Callable[[NDArray], Any], Callable[[Weights, Batches, float], Weights]]


def torch_modules(loss: str, module: str = "torch", *, compiled: bool = False) -> Peer:
    """nn.Sequential, a loss module and optim.SGD: the lecture's program, in PyTorch or in dlcalc.autodiff."""
    torch = peer(module)
    if module == "torch":
        torch.set_num_threads(1)

    def train(weights: Weights, batches: Batches, lr: float) -> Weights:
        linears = [_torch_linear(torch, W) for W in weights]
        layers = [layer for linear in linears for layer in (linear, torch.nn.ReLU())][:-1]
        model = torch.nn.Sequential(*layers, *([torch.nn.Flatten(0, 1)] if loss == "mse" else []))
        loss_function = torch.nn.MSELoss() if loss == "mse" else torch.nn.CrossEntropyLoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        run = torch.compile(model) if compiled else model
        for X, y in batches:
            value = loss_function(run(X), y)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
        return [np.column_stack([linear.weight.detach().numpy(), linear.bias.detach().numpy()]) for linear in linears]

    return torch.tensor, train


def _torch_linear(torch: Any, W: NDArray) -> Any:
    linear = torch.nn.Linear(W.shape[1] - 1, len(W))
    linear.weight = torch.nn.Parameter(torch.tensor(np.ascontiguousarray(W[:, :-1])))
    linear.bias = torch.nn.Parameter(torch.tensor(np.ascontiguousarray(W[:, -1])))
    return linear


def torch_by_hand() -> Peer:
    """PyTorch's tensors without its modules, as in its first tutorial: mse, autograd, updates under no_grad."""
    torch = peer("torch")
    torch.set_num_threads(1)

    def train(weights: Weights, batches: Batches, lr: float) -> Weights:
        Ws = [torch.tensor(np.ascontiguousarray(W[:, :-1].T), requires_grad=True) for W in weights]
        bs = [torch.tensor(W[:, -1].copy(), requires_grad=True) for W in weights]
        for X, y in batches:
            v = X
            for W, b in zip(Ws[:-1], bs[:-1], strict=True):
                v = (v @ W + b).clamp(min=0)
            f = (v @ Ws[-1] + bs[-1])[:, 0]
            (f - y).pow(2).mean().backward()
            with torch.no_grad():
                for parameter in (*Ws, *bs):
                    parameter -= lr * parameter.grad  # noqa: PLW2901 - the parameter itself is updated
                    parameter.grad = None
        return [np.column_stack([W.detach().numpy().T, b.detach().numpy()]) for W, b in zip(Ws, bs, strict=True)]

    return torch.tensor, train


def jax_step(loss: str) -> Peer:
    """One jit-compiled function per step: value and gradient of the loss, and the update."""
    jax = peer("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy

    def loss_of(parameters: Any, X: Any, y: Any) -> Any:
        v = X
        for W, b in parameters[:-1]:
            v = jax.nn.relu(v @ W.T + b)
        W, b = parameters[-1]
        f = v @ W.T + b
        if loss == "mse":
            return ((f[:, 0] - y) ** 2).mean()
        return -jnp.take_along_axis(jax.nn.log_softmax(f), y[:, None], axis=1).mean()

    @jax.jit
    def step(parameters: Any, X: Any, y: Any, lr: Any) -> Any:
        value, gradients = jax.value_and_grad(loss_of)(parameters, X, y)
        return jax.tree.map(lambda p, g: p - lr * g, parameters, gradients), value

    def train(weights: Weights, batches: Batches, lr: float) -> Weights:
        parameters = [(jnp.asarray(W[:, :-1]), jnp.asarray(W[:, -1])) for W in weights]
        rate = jnp.asarray(lr, weights[0].dtype)
        for X, y in batches:
            parameters, _ = step(parameters, X, y, rate)
        return [np.column_stack([np.asarray(W), np.asarray(b)]) for W, b in parameters]

    return jnp.asarray, train


def hips_autograd(loss: str) -> Peer:
    """The NumPy forward pass, differentiated by HIPS autograd."""
    anp, value_and_grad = peer("autograd.numpy"), peer("autograd").value_and_grad

    def loss_of(weights: Weights, X: NDArray, y: NDArray) -> Any:
        v = X
        for W in weights[:-1]:
            v = anp.maximum(anp.dot(v, W[:, :-1].T) + W[:, -1], 0)
        f = anp.dot(v, weights[-1][:, :-1].T) + weights[-1][:, -1]
        if loss == "mse":
            return anp.mean((f[:, 0] - y) ** 2)
        shifted = f - anp.max(f, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(shifted), axis=1)) - shifted[anp.arange(len(y)), y])

    gradient = value_and_grad(loss_of)

    def train(weights: Weights, batches: Batches, lr: float) -> Weights:
        for X, y in batches:
            _, gradients = gradient(weights, X, y)
            weights = [W - lr * g for W, g in zip(weights, gradients, strict=True)]
        return weights

    return np.asarray, train


def textbook_numpy() -> Peer:
    """Clean NumPy as in many a tutorial, for mse: a few lines, arrays allocated as they come."""

    def train(weights: Weights, batches: Batches, lr: float) -> Weights:
        weights = [W.copy() for W in weights]
        losses = []
        for X, y in batches:
            zs, vs = [], [X]
            for W in weights:
                zs.append(vs[-1] @ W[:, :-1].T + W[:, -1])
                vs.append(np.maximum(zs[-1], 0))
            residual = zs[-1] - y[:, None]
            losses.append((residual**2).mean())
            delta = 2 * residual / residual.size
            for layer in reversed(range(len(weights))):
                gradient = np.column_stack([delta.T @ vs[layer], delta.sum(axis=0)])
                if layer:
                    delta = (delta @ weights[layer][:, :-1]) * (zs[layer - 1] > 0)
                weights[layer] -= lr * gradient
        return weights

    return np.asarray, train


def specialised_numpy(*, folded: bool = False) -> Peer:
    """NumPy written out for one network, 5-3-1 with mse on one batch, by every trick in the book; no history at all.

    With `folded`, by one more: the targets are a row of the hidden layer, with the weight -1, so that nothing is left
    to subtract.
    """

    def train(weights: Weights, batches: Batches, lr: float) -> Weights:
        X, y = batches[0]
        n, dtype = len(X), X.dtype
        store = np.concatenate([*(W.ravel() for W in weights), [-1]]).astype(dtype)
        parameters = store[:-1]
        gradient = np.empty_like(parameters)
        W1, W2 = parameters[:18].reshape(3, 6), parameters[18:].reshape(1, 4)
        G1, G2 = gradient[:18].reshape(3, 6), gradient[18:].reshape(1, 4)
        V, H, Z, D, S, f, r = (np.ones((rows, n), dtype) for rows in (6, 5, 3, 3, 3, 1, 1))
        H, H_Y = H[:-1], H
        H_Y[-1], W2_Y = y, store[18:].reshape(1, 5)
        V[:-1], h, zeros, Y = X.T, H[:-1], np.zeros((3, n), dtype), y[None].copy()
        V_T, H_T, rate = V.T, H.T, np.full((1, n), 2 * lr / n, dtype)
        dot1, dot2, dot2_Y, back2, grad2, grad1 = W1.dot, W2.dot, W2_Y.dot, W2[:, :-1].T.dot, r.dot, D.dot
        fmax, subtract, multiply, sign = np.fmax, np.subtract, np.multiply, np.sign
        for _ in batches:
            dot1(V, Z)
            fmax(Z, zeros, h)
            if folded:
                dot2_Y(H_Y, r)
            else:
                dot2(H, f)
                subtract(f, Y, r)
            multiply(r, rate, r)
            grad2(H_T, G2)
            back2(r, D)
            sign(h, S)
            multiply(D, S, D)
            grad1(V_T, G1)
            subtract(parameters, gradient, parameters)
        return [W1.copy(), W2.copy()]

    return np.asarray, train


def matrix_products(sizes: Sequence[int], batch_size: int, dtype: type) -> Callable[[int], None]:
    """Only the matrix products of a step, bias included, into buffers in the layout that suits BLAS: a lower limit."""
    widths = list(itertools.pairwise(sizes))
    rng = np.random.default_rng(0)
    Ws = [rng.standard_normal((n_out, n_in + 1)).astype(dtype) for n_in, n_out in widths]
    Vs = [rng.standard_normal((n_in + 1, batch_size)).astype(dtype) for n_in, _ in widths]
    deltas = [rng.standard_normal((n_out, batch_size)).astype(dtype) for _, n_out in widths]
    products = [(W.dot, V, np.empty_like(delta)) for W, V, delta in zip(Ws, Vs, deltas, strict=True)]
    # The network's input stays as it is, so its rows may be contiguous here; those of hidden layers are not.
    transposed = [Vs[0].T.copy(), *(V.T for V in Vs[1:])]
    products += [(delta.dot, V_T, np.empty_like(W)) for W, V_T, delta in zip(Ws, transposed, deltas, strict=True)]
    products += [(W.T.dot, delta, np.empty_like(V)) for W, V, delta in zip(Ws[1:], Vs[1:], deltas[1:], strict=True)]

    def run(steps: int) -> None:
        for _ in range(steps):
            for dot, operand, out in products:
                dot(operand, out)

    return run
