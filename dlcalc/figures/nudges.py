"""What a nudge does to f = w φ(w′x): z, v and f before and after it, and what the derivatives had said."""

from dataclasses import dataclass

import numpy as np

from dlcalc.activations import Activation
from dlcalc.backpropagation import backward_by_matrix, forward_by_matrix


@dataclass(frozen=True)
class Change:
    """z, v, f before and after the nudge, and the derivatives before it."""

    before: dict[str, float]
    after: dict[str, float]
    derivatives: dict[str, float]
    nudged: str
    nudge: float

    def actual(self, name: str) -> float:
        """By how much z, v or f really changed."""
        return self.after[name] - self.before[name]

    def predicted(self) -> float:
        """Derivative times nudge: the change of f to first order."""
        return self.derivatives[self.nudged] * self.nudge


def change(w: float, w_prime: float, x: float, phi: Activation, nudged: str, nudge: float) -> Change:
    """What `nudge` added to "w", "w_prime" or "x" (that is `nudged`) does to the network."""
    inputs = {"w": w, "w_prime": w_prime, "x": x}
    before, derivatives = _pass(inputs, phi)
    after, _ = _pass({**inputs, nudged: inputs[nudged] + nudge}, phi)
    return Change(before, after, derivatives, nudged, nudge)


def _pass(inputs: dict[str, float], phi: Activation) -> tuple[dict[str, float], dict[str, float]]:
    """z, v, f and ∂f/∂w, ∂f/∂w′, ∂f/∂x of the 1-1-1 network without biases (their weights are zero)."""
    weights = [np.array([[inputs["w_prime"], 0.0]]), np.array([[inputs["w"], 0.0]])]
    run = forward_by_matrix(weights, np.array([[inputs["x"]]]), phi)
    # An error signal of 1 at the output makes the gradients those of f itself.
    back = backward_by_matrix(weights, run, np.ones((1, 1)), phi)
    values = {**inputs, "z": float(run.z[0][0, 0]), "v": float(run.v[1][0, 0]), "f": float(run.f[0, 0])}
    derivatives = {
        "w": float(back.gradients[1][0, 0]),
        "w_prime": float(back.gradients[0][0, 0]),
        "x": float(back.input_gradient[0, 0]),
        "phi": float(phi.derivative(np.array(values["z"]))),
    }
    return values, derivatives
