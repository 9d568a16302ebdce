"""Backpropagation through a multi-layer perceptron, by unit on one example and by matrix on a batch.

>>> import numpy as np
>>> from dlcalc.backpropagation import MLP
>>> net = MLP([5, 3, 1], activation="relu", loss="mse", rng=np.random.default_rng(0))
>>> X, y = np.ones((64, 5)), np.ones((64, 1))
>>> run = net.forward(X)            # every z and v of the forward pass
>>> back = net.backward(run, y)     # every δ and every gradient
>>> [gradient.shape for gradient in back.gradients]
[(3, 6), (1, 4)]

Notation: W⁽ˡ⁾ is n_l × (n_{l-1} + 1), its last column the bias; z⁽ˡ⁾ = W⁽ˡ⁾ v⁽ˡ⁻¹⁾; v⁽ˡ⁾ = [φ(z⁽ˡ⁾); 1] for hidden
layers; the output f = z⁽ᴸ⁾ is linear; δ⁽ˡ⁾ = (∂ℓ/∂z⁽ˡ⁾)ᵀ. Python counts from 0: z[0] is z⁽¹⁾, v[0] is [X 1].

References
----------
Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323 (1986) 533-536.
Nielsen, *Neural Networks and Deep Learning*, ch. 2 (whose output layer has an activation; here it is linear).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from dlcalc import _network_input as check
from dlcalc.activations import ACTIVATIONS, Activation
from dlcalc.initializers import INITIALIZERS, Initializer, default_initializer
from dlcalc.losses import LOSSES, Loss
from dlcalc.optimizers import Optimizer
from dlcalc.predictions import predictions
from dlcalc.training import History, fit
from dlcalc.typing import Array


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """Everything that a forward pass computed.

    Parameters
    ----------
    z : list of L ndarrays of shape (B, n_l)
        Pre-activations; z[0] is Z⁽¹⁾.
    v : list of L ndarrays of shape (B, n_{l-1} + 1)
        Inputs of the layers with their bias node; v[0] is [X 1], v[1] is [φ(Z⁽¹⁾) 1].

    By unit, on one example, the arrays have no axis B.
    """

    z: list[Array]
    v: list[Array]

    @property
    def f(self) -> Array:
        """The output z⁽ᴸ⁾, shape (B, n_L)."""
        return self.z[-1]


@dataclass(frozen=True, eq=False)
class BackwardPass:
    """Everything that a backward pass computed.

    Parameters
    ----------
    delta : list of L ndarrays of shape (B, n_l)
        Error signals ∂ℓ/∂z; delta[0] is Δ⁽¹⁾. Each row carries the factor of the mean over the batch.
    gradients : list of L ndarrays of shape (n_l, n_{l-1} + 1)
        ∇_{W⁽ˡ⁾}ℓ, shaped like the weights.
    input_gradient : ndarray of shape (B, n_0)
        ∇_X ℓ.
    """

    delta: list[Array]
    gradients: list[Array]
    input_gradient: Array


def with_bias_node(values: Array) -> Array:
    """[values 1]: one more entry at the end of each row, the bias node's constant 1."""
    ones = np.ones((*values.shape[:-1], 1), dtype=values.dtype)
    return np.concatenate([values, ones], axis=-1)


def forward_by_matrix(weights: Sequence[Array], X: Array, phi: Activation) -> ForwardPass:
    """Z⁽ˡ⁾ = V⁽ˡ⁻¹⁾ W⁽ˡ⁾ᵀ and V⁽ˡ⁾ = [φ(Z⁽ˡ⁾) 1], layer by layer.

    Parameters
    ----------
    weights : sequence of L ndarrays of shape (n_l, n_{l-1} + 1)
    X : ndarray of shape (B, n_0)
    phi : Activation
    """
    z, v = [with_bias_node(X) @ weights[0].T], [with_bias_node(X)]
    for W in weights[1:]:
        V = with_bias_node(phi(z[-1]))
        z.append(V @ W.T)
        v.append(V)
    return ForwardPass(z, v)


def backward_by_matrix(weights: Sequence[Array], run: ForwardPass, delta_out: Array, phi: Activation) -> BackwardPass:
    """Δ⁽ˡ⁾ = (Δ⁽ˡ⁺¹⁾ W̄⁽ˡ⁺¹⁾) ⊙ φ′(Z⁽ˡ⁾), ∇_{W⁽ˡ⁾} = Δ⁽ˡ⁾ᵀ V⁽ˡ⁻¹⁾ and ∇_X = Δ⁽¹⁾ W̄⁽¹⁾.

    Parameters
    ----------
    weights : sequence of L ndarrays of shape (n_l, n_{l-1} + 1)
    run : ForwardPass
    delta_out : ndarray of shape (B, n_L)
        Δ⁽ᴸ⁾, the error signal of the loss, which carries the factor of the mean.
    phi : Activation
    """
    W_bar = [W[:, :-1] for W in weights]
    delta = [delta_out]
    for layer in reversed(range(len(weights) - 1)):
        delta.insert(0, (delta[0] @ W_bar[layer + 1]) * phi.derivative(run.z[layer]))
    gradients = [Delta.T @ V for Delta, V in zip(delta, run.v, strict=True)]
    return BackwardPass(delta, gradients, input_gradient=delta[0] @ W_bar[0])


def forward_by_unit(weights: Sequence[Array], x: Array, phi: Activation) -> ForwardPass:
    """z⁽ˡ⁾_j = Σ_i w⁽ˡ⁾_{j,i} v⁽ˡ⁻¹⁾_i for one example x of shape (n_0,), unit by unit.

    The result is that of `forward_by_matrix`, without the axis of the batch.
    """
    z: list[Array] = []
    v = [with_bias_node(x)]
    for layer, W in enumerate(weights):
        z.append(np.zeros(len(W), W.dtype))
        for j in range(len(W)):
            z[layer][j] = sum(W[j, i] * v[layer][i] for i in range(len(v[layer])))
        v.append(with_bias_node(phi(z[layer])))
    return ForwardPass(z, v[:-1])


def backward_by_unit(weights: Sequence[Array], run: ForwardPass, delta_out: Array, phi: Activation) -> BackwardPass:
    """δ⁽ˡ⁾_j = φ′(z⁽ˡ⁾_j) Σ_k w⁽ˡ⁺¹⁾_{k,j} δ⁽ˡ⁺¹⁾_k and ∂ℓ/∂w⁽ˡ⁾_{j,i} = δ⁽ˡ⁾_j v⁽ˡ⁻¹⁾_i for one example, unit by unit.

    The bias node i = n_{l-1} + 1 has no z and no δ; its weight's gradient is δ_j · 1. At the output, δ⁽ᴸ⁾_j = ∂ℓ/∂f_j
    is given as `delta_out` of shape (n_L,). The input gradient is Σ_k w⁽¹⁾_{k,i} δ⁽¹⁾_k, with no φ′ behind it.
    """
    delta = [np.zeros_like(z) for z in run.z]
    gradients = [np.zeros_like(W) for W in weights]
    delta[-1][:] = delta_out
    for layer in reversed(range(len(weights))):
        if layer < len(weights) - 1:
            W_next, delta_next = weights[layer + 1], delta[layer + 1]
            for j in range(len(delta[layer])):
                delta[layer][j] = phi.derivative(run.z[layer][j]) * _weighted_sum(W_next, delta_next, j)
        for j in range(len(delta[layer])):
            for i in range(len(run.v[layer])):
                gradients[layer][j, i] = delta[layer][j] * run.v[layer][i]
    n_in = len(run.v[0]) - 1
    input_gradient = np.array([_weighted_sum(weights[0], delta[0], i) for i in range(n_in)], weights[0].dtype)
    return BackwardPass(delta, gradients, input_gradient)


def _weighted_sum(W: Array, delta: Array, i: int) -> Any:
    """Σ_k w_{k,i} δ_k: the error signals of the next layer, weighted by what leads there from node i."""
    return sum(W[k, i] * delta[k] for k in range(len(delta)))


class MLP:
    """A multi-layer perceptron: fully connected layers, one activation φ between them, a linear output.

    Parameters
    ----------
    sizes : list of int, optional
        Widths n_0..n_L without the bias nodes, such as [5, 3, 1].
    activation : str or Activation
        φ of the hidden layers, a name from `ACTIVATIONS`.
    loss : str or Loss
        A name from `LOSSES`. It decides what `predict` returns.
    rng : numpy.random.Generator or int, optional
        Draws the first weights; without it they differ from run to run.
    weights : list of ndarrays of shape (n_l, n_{l-1} + 1), optional
        The first weights, bias in the last column; they are copied, and replace rng and initializer. If `sizes` is
        also given, they must agree with it.
    dtype : float64 or float32, optional
        Of weights, gradients and predictions. By default float32 if all `weights` are, otherwise float64.
    initializer : str or callable, optional
        A name from `INITIALIZERS`, or a function (n_out, n_in, rng) -> W. By default Xavier or He, as fits φ.

    Attributes
    ----------
    weights : list of L ndarrays of shape (n_l, n_{l-1} + 1)

    Raises
    ------
    ValueError, TypeError
        If an option is unknown, a width is not a whole number of at least 1, or the weights do not fit each other.
    """

    def __init__(
        self,
        sizes: Sequence[int] | None = None,
        *,
        activation: str | Activation = "relu",
        loss: str | Loss = "mse",
        rng: np.random.Generator | int | None = None,
        weights: Sequence[ArrayLike] | None = None,
        dtype: DTypeLike | None = None,
        initializer: str | Initializer | None = None,
    ) -> None:
        self.activation = check.entry(activation, ACTIVATIONS, Activation)
        self.loss_function = check.entry(loss, LOSSES, Loss)
        widths = None if sizes is None else check.layer_sizes(sizes)
        if weights is not None:
            matrices = check.weight_matrices(weights, widths)
        elif widths is not None:
            matrices = _drawn_weights(widths, initializer or default_initializer(self.activation.name), rng)
        else:
            message = "MLP needs sizes such as [5, 3, 1], or weights=[W1, W2]"
            raise TypeError(message)
        kind = check.floating_dtype(dtype, matrices)
        self.weights = [np.array(W, dtype=kind, order="C") for W in matrices]

    @property
    def sizes(self) -> list[int]:
        """Widths n_0..n_L without the bias nodes."""
        return [self.weights[0].shape[1] - 1, *(len(W) for W in self.weights)]

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 or float32."""
        return self.weights[0].dtype

    def __repr__(self) -> str:
        parameters = sum(W.size for W in self.weights)
        return (
            f"MLP({self.sizes}, activation={self.activation.name!r}, loss={self.loss_function.name!r}, "
            f"dtype={self.dtype.name}): {parameters} parameters"
        )

    def forward(self, X: ArrayLike) -> ForwardPass:
        """Every z and v of a batch X of shape (B, n_0)."""
        return forward_by_matrix(self.weights, check.batch(X, self.weights), self.activation)

    def backward(self, run: ForwardPass, y: ArrayLike) -> BackwardPass:
        """Every δ and every gradient of the mean loss, for labels y of the batch that `run` has seen."""
        check.forward_pass(run, ForwardPass, self.sizes, batch=True)
        delta_out = self.loss_function.error_signal(run.f, y)
        return backward_by_matrix(self.weights, run, delta_out, self.activation)

    def forward_by_unit(self, x: ArrayLike) -> ForwardPass:
        """Every z and v of one example x of shape (n_0,), computed in loops over units."""
        return forward_by_unit(self.weights, check.example(x, self.weights), self.activation)

    def backward_by_unit(self, run: ForwardPass, y: ArrayLike) -> BackwardPass:
        """Every δ and every gradient for the label y of one example, computed in loops over units."""
        check.forward_pass(run, ForwardPass, self.sizes, batch=False)
        f = run.f[np.newaxis]
        delta_out = self.loss_function.error_signal(f, np.asarray(y)[np.newaxis])[0]
        return backward_by_unit(self.weights, run, delta_out, self.activation)

    def loss(self, X: ArrayLike, y: ArrayLike) -> float:
        """The mean loss over the batch, with the divisor of the loss (B·n_L or B)."""
        return float(self.loss_function(self.forward(X).f, y))

    def gradients(self, X: ArrayLike, y: ArrayLike) -> list[Array]:
        """∇_{W⁽ˡ⁾}ℓ of the mean loss for each layer, shaped like `weights`."""
        return self.backward(self.forward(X), y).gradients

    def predict(self, X: ArrayLike) -> Array:
        """ŷ: f for regression, classes for classification, as `predictions` has it."""
        return predictions(self.forward(X).f, self.loss_function)

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        learning_rate: float | None = None,
        optimizer: str | Optimizer = "sgd",
        rng: np.random.Generator | int | None = None,
        validation: tuple[ArrayLike, ArrayLike] | None = None,
        progress: bool | None = None,
    ) -> History:
        """Train the weights in place and return the history; `training.fit` describes the options."""
        return fit(
            self,
            X,
            y,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            optimizer=optimizer,
            rng=rng,
            validation=validation,
            progress=progress,
        )


def _drawn_weights(widths: list[int], initializer: str | Initializer, rng: object) -> list[Array]:
    draw = check.initializer(initializer, INITIALIZERS)
    generator = check.generator(rng)
    drawn = [draw(n_out, n_in, generator) for n_in, n_out in itertools.pairwise(widths)]
    return check.weight_matrices(drawn, widths)
