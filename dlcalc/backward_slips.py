"""The slips of a backward pass in matrices: what each does to the products, and whether the shapes give it away.

A slip replaces one step of the backward pass of `dlcalc.backward_products`; `examine` then runs it.

>>> examine("no transpose", sizes=(4, 3, 2), examples=7).verdict
'does not fit'
>>> examine("gradient transposed", sizes=(2, 2, 2), examples=2).verdict
'wrong shape'
>>> examine("sum for mean", sizes=(4, 3, 2), examples=7).verdict
'wrong numbers'
>>> examine("sum for mean", sizes=(4, 3, 1), examples=1).verdict
'hidden'
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dlcalc.backpropagation import MLP, with_bias_node
from dlcalc.backward_products import SUPERSCRIPTS, Batch, Product, output_error, spread_back, weight_gradient
from dlcalc.registry import Registry
from dlcalc.typing import Array

Verdict = Literal["does not fit", "wrong shape", "wrong numbers", "hidden"]

# Below this the slip's gradients are those of the right backward pass but for roundoff.
_SAME = 1e-9
_LEARNING_RATE = 0.5


@dataclass(frozen=True)
class Slip:
    """One mistake: the step of the backward pass that it replaces, the others staying right.

    Parameters
    ----------
    told : str
        What was done.
    error : callable, optional
        Batch to the output's error signal.
    spread : callable, optional
        (Batch, Δ⁽²⁾) to the product that gives Δ⁽¹⁾.
    gradient : callable, optional
        (Δ, V, layer) to the product that gives ∇W.
    inputs : callable, optional
        Batch to what ∇W⁽²⁾ takes for V⁽¹⁾.
    """

    told: str
    error: Callable[[Batch], Array] = output_error
    spread: Callable[[Batch, Array], Product] = spread_back
    gradient: Callable[[Array, Array, int], Product] = weight_gradient
    inputs: Callable[[Batch], Array] = lambda batch: batch.V


def _with_slopes(name: str, slopes: Callable[[Batch], Array], operator: str = "*") -> Callable[[Batch, Array], Product]:
    def spread(batch: Batch, delta: Array) -> Product:
        W_bar = batch.W_out[:, :-1]
        return Product((("Δ⁽²⁾", delta), ("W̄⁽²⁾", W_bar), (name, slopes(batch))), ("@", operator))

    return spread


def _without_slopes(batch: Batch, delta: Array) -> Product:
    return Product(spread_back(batch, delta).factors[:2], ("@",))


def _with_bias_column(batch: Batch, delta: Array) -> Product:
    first, _, slopes = spread_back(batch, delta).factors
    return Product((first, ("W⁽²⁾", batch.W_out), slopes), ("@", "*"))


def _with_updated_weights(batch: Batch, delta: Array) -> Product:
    first, _, slopes = spread_back(batch, delta).factors
    updated = batch.W_out - _LEARNING_RATE * delta.T @ batch.V
    return Product((first, ("W̄⁽²⁾ − η∇", updated[:, :-1]), slopes), ("@", "*"))


def _untransposed(delta: Array, V: Array, layer: int) -> Product:
    return Product(((f"Δ⁽{SUPERSCRIPTS[layer]}⁾", delta), (f"V⁽{SUPERSCRIPTS[layer - 1]}⁾", V)), ("@",))


def _transposed(delta: Array, V: Array, layer: int) -> Product:
    return Product(((f"V⁽{SUPERSCRIPTS[layer - 1]}⁾ᵀ", V.T), (f"Δ⁽{SUPERSCRIPTS[layer]}⁾", delta)), ("@",))


def _bias_averaged(delta: Array, V: Array, layer: int) -> Product:
    # Ones divided by N in the bias node's column turn its sum over the batch into a mean.
    averaging = np.hstack([V[:, :-1], V[:, -1:] / len(V)])
    return Product(((f"Δ⁽{SUPERSCRIPTS[layer]}⁾ᵀ", delta.T), ("[V̄ 1/N]", averaging)), ("@",))


def _bias_unsummed(delta: Array, V: Array, layer: int) -> Product:
    name = f"Δ⁽{SUPERSCRIPTS[layer]}⁾ᵀ"
    return Product(((name, delta.T), (f"V̄⁽{SUPERSCRIPTS[layer - 1]}⁾", V[:, :-1]), (name, delta.T)), ("@", "|"))


def _last_example(delta: Array, V: Array, layer: int) -> Product:
    return Product((("last δ", delta[-1:].T), ("last vᵀ", V[-1:])), ("@",))


SLIPS: Registry[Slip] = Registry(
    "slip",
    {
        "no transpose": Slip("Δ is not transposed before it meets V", gradient=_untransposed),
        "gradient transposed": Slip("VᵀΔ is taken for ΔᵀV", gradient=_transposed),
        "@ for ⊙": Slip(
            "Δ is multiplied by φ′(Z) as by a matrix",
            spread=_with_slopes("φ′(Z⁽¹⁾)", lambda batch: batch.phi.derivative(batch.Z), "@"),
        ),
        "φ for φ′": Slip(
            "φ(Z) stands where φ′(Z) belongs", spread=_with_slopes("φ(Z⁽¹⁾)", lambda batch: batch.phi(batch.Z))
        ),
        "φ′(v)": Slip(
            "φ′ is taken at φ(Z), not at Z",
            spread=_with_slopes("φ′(φ(Z⁽¹⁾))", lambda batch: batch.phi.derivative(batch.phi(batch.Z))),
        ),
        "no φ′": Slip("φ′ is left out", spread=_without_slopes),
        "φ′ twice": Slip(
            "φ′ is multiplied in twice",
            spread=_with_slopes("φ′(Z⁽¹⁾)²", lambda batch: batch.phi.derivative(batch.Z) ** 2),
        ),
        "Z for V": Slip("[Z 1] stands where V = [φ(Z) 1] belongs", inputs=lambda batch: with_bias_node(batch.Z)),
        "sum for mean": Slip("The loss is summed, not averaged", error=lambda batch: batch.residual),
        "mean over N only": Slip("The mean forgets the outputs", error=lambda batch: batch.residual / len(batch.f)),
        "1/N twice": Slip("1/N is multiplied in twice", error=lambda batch: output_error(batch) / len(batch.f)),
        "factor 2": Slip("The 2 of the square is lost", error=lambda batch: output_error(batch) / 2),
        "sign": Slip("The residual is taken as y − f", error=lambda batch: -output_error(batch)),
        "bias averaged": Slip("The bias takes the mean of δ, not the sum", gradient=_bias_averaged),
        "bias unsummed": Slip("The bias takes every δ, unsummed", gradient=_bias_unsummed),
        "last example only": Slip("Only the last example counts", gradient=_last_example),
        "updated W": Slip("W⁽²⁾ is updated before Δ⁽¹⁾ is computed", spread=_with_updated_weights),
        "bias column kept": Slip("The bias column of W⁽²⁾ takes part", spread=_with_bias_column),
    },
)

RIGHT = Slip("Nothing is wrong")


@dataclass(frozen=True)
class Examination:
    """What a backward pass with a slip computes on one batch.

    Parameters
    ----------
    products : mapping of str to Product
        "Δ⁽¹⁾", "∇W⁽²⁾", "∇W⁽¹⁾"; the last is absent if Δ⁽¹⁾ could not be computed.
    failed : mapping of str to int
        For each product that does not fit the index of its operator.
    results : mapping of str to ndarray
    wanted : mapping of str to tuple
        The shapes that the results must have.
    verdict : str
        "does not fit", "wrong shape", "wrong numbers", or "hidden": the numbers are right on this batch.
    error : float
        ‖g − ∇‖ / (‖g‖ + ‖∇‖) over all gradients; nan if they cannot be compared.
    """

    products: Mapping[str, Product]
    failed: Mapping[str, int]
    results: Mapping[str, Array]
    wanted: Mapping[str, tuple[int, ...]]
    verdict: Verdict
    error: float


def examine(
    name: str | None,
    *,
    sizes: tuple[int, int, int] = (4, 3, 2),
    examples: int = 7,
    activation: str = "sigmoid",
    seed: int = 0,
) -> Examination:
    """A backward pass with the slip called `name` (None: the right one) on random numbers.

    Parameters
    ----------
    name : str or None
        A name of `SLIPS`.
    sizes : tuple of int
        n_0, n_1, n_2: inputs, hidden units, outputs.
    examples : int
        N.

    Raises
    ------
    ValueError
        If no slip has that name.
    """
    slip = RIGHT if name is None else SLIPS[name]
    rng = np.random.default_rng(seed)
    net = MLP(list(sizes), activation=activation, loss="mse", rng=rng)
    for W in net.weights:
        W[:, -1] = rng.normal(size=len(W))
    X, y = rng.normal(size=(examples, sizes[0])), rng.normal(size=(examples, sizes[2]))
    run = net.forward(X)
    batch = Batch(net.weights[1], X, y, run.z[0], run.f, net.activation)
    products, failed, results = _computed(slip, batch)
    wanted = {"Δ⁽¹⁾": run.z[0].shape, "∇W⁽²⁾": net.weights[1].shape, "∇W⁽¹⁾": net.weights[0].shape}
    verdict, error = _judged(failed, results, wanted, net.backward(run, y).gradients)
    return Examination(products, failed, results, wanted, verdict, error)


def _computed(slip: Slip, batch: Batch) -> tuple[dict[str, Product], dict[str, int], dict[str, Array]]:
    products: dict[str, Product] = {}
    failed: dict[str, int] = {}
    results: dict[str, Array] = {}

    def compute(name: str, product: Product) -> None:
        products[name] = product
        found = product.value()
        if isinstance(found, int):
            failed[name] = found
        else:
            results[name] = found

    delta = slip.error(batch)
    compute("Δ⁽¹⁾", slip.spread(batch, delta))
    compute("∇W⁽²⁾", slip.gradient(delta, slip.inputs(batch), 2))
    if "Δ⁽¹⁾" in results:
        compute("∇W⁽¹⁾", slip.gradient(results["Δ⁽¹⁾"], batch.V_in, 1))
    return products, failed, results


def _judged(
    failed: Mapping[str, int],
    results: Mapping[str, Array],
    wanted: Mapping[str, tuple[int, ...]],
    truth: Sequence[Array],
) -> tuple[Verdict, float]:
    if failed:
        return "does not fit", float("nan")
    if any(results[name].shape != shape for name, shape in wanted.items()):
        return "wrong shape", float("nan")
    found = np.concatenate([results["∇W⁽¹⁾"].ravel(), results["∇W⁽²⁾"].ravel()])
    right = np.concatenate([gradient.ravel() for gradient in truth])
    error = float(np.linalg.norm(found - right) / (np.linalg.norm(found) + np.linalg.norm(right)))
    return ("hidden" if error < _SAME else "wrong numbers"), error
