"""Optimisers with PyTorch's exact update rules.

References
----------
Goh, "Why Momentum Really Works", Distill (2017); Kingma & Ba, "Adam", arXiv 1412.6980.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from dlcalc.autodiff.tensor import Tensor


class Optimizer:
    """Parameters and what to do with them at each step."""

    def __init__(self, params: Iterable[Any], lr: float) -> None:
        self.params: list[Tensor] = list(params)
        if not self.params:
            message = "optimizer got an empty parameter list"
            raise ValueError(message)
        if lr < 0:
            message = f"Invalid learning rate: {lr}"
            raise ValueError(message)
        self.lr = lr
        self.state: dict[Tensor, dict[str, Any]] = {}

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to 0."""
        for parameter in self.params:
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()

    def step(self) -> None:
        """Change every parameter that has a gradient."""
        for w in self.params:
            if w.grad is not None:
                w.subtract(self.update(w, w.grad.value))

    def update(self, w: Tensor, g: Any) -> Any:
        """What is subtracted from the parameter w with the gradient g."""
        raise NotImplementedError


class SGD(Optimizer):
    """w ← w - η b with the momentum b ← μ b + (1 - dampening) g; without momentum w ← w - η g."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr)
        if nesterov and (momentum <= 0 or dampening != 0):
            message = "Nesterov momentum requires a momentum and zero dampening"
            raise ValueError(message)
        self.momentum = momentum
        self.dampening = dampening
        self.weight_decay = weight_decay
        self.nesterov = nesterov
        self.maximize = maximize

    def step(self) -> None:
        """Change every parameter that has a gradient."""
        if self.momentum or self.weight_decay or self.maximize:
            super().step()
            return
        lr = self.lr
        for w in self.params:
            if w.grad is not None:
                w.subtract(lr * w.grad.value)

    def update(self, w: Tensor, g: Any) -> Any:
        """η b, or η (g + μ b) after Nesterov; the first b is g itself."""
        if self.maximize:
            g = -g
        if self.weight_decay:
            g = g + self.weight_decay * w.value
        if self.momentum:
            state = self.state.setdefault(w, {})
            b = self.momentum * state["b"] + (1 - self.dampening) * g if state else g
            state["b"] = b
            g = g + self.momentum * b if self.nesterov else b
        return self.lr * g


class Adam(Optimizer):
    """w ← w - η m̂ / (√v̂ + ε), with running means m of g and v of g², both corrected for their start at 0."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(params, lr)
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay

    def update(self, w: Tensor, g: Any) -> Any:
        """η m̂ / (√v̂ + ε), with weight decay as part of the gradient."""
        return self.moment_update(w, g + self.weight_decay * w.value if self.weight_decay else g)

    def moment_update(self, w: Tensor, g: Any) -> Any:
        """η m̂ / (√v̂ + ε)."""
        beta1, beta2 = self.betas
        state = self.state.setdefault(w, {"t": 0, "m": 0.0, "v": 0.0})
        state["t"] += 1
        state["m"] = beta1 * state["m"] + (1 - beta1) * g
        state["v"] = beta2 * state["v"] + (1 - beta2) * g * g
        m_hat = state["m"] / (1 - beta1 ** state["t"])
        v_hat = state["v"] / (1 - beta2 ** state["t"])
        return self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter directly, and does not enter the moments."""

    def update(self, w: Tensor, g: Any) -> Any:
        """η m̂ / (√v̂ + ε) + η λ w."""
        decay = self.lr * self.weight_decay * w.value
        return decay + self.moment_update(w, g)
