"""Optimisers with PyTorch's exact update rules.

References
----------
Goh, "Why Momentum Really Works", Distill (2017); Kingma & Ba, "Adam", arXiv 1412.6980.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from dlcalc.autodiff.engine import recorder
from dlcalc.autodiff.silence import quietly, silent_context
from dlcalc.autodiff.tensor import Tensor

_STEPPING = silent_context()


class Optimizer:
    """Parameters and what to do with them at each step.

    The options stand in `param_groups[0]`, where they can be changed between steps, as in PyTorch.
    """

    def __init__(self, params: Iterable[Any], **options: Any) -> None:
        self.params: list[Tensor] = list(params)
        if not self.params:
            message = "optimizer got an empty parameter list"
            raise ValueError(message)
        if options["lr"] < 0:
            message = f"Invalid learning rate: {options['lr']}"
            raise ValueError(message)
        self.options = options
        self.param_groups = [options]
        options["params"] = self.params
        self.state: dict[Tensor, dict[str, Any]] = {}

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to 0."""
        for w in self.params:
            if set_to_none:
                w.grad = None
            elif w.grad is not None:
                w.grad.zero_()

    def step(self) -> None:
        """Change every parameter that has a gradient."""
        quietly(_STEPPING, self._step)

    def _step(self) -> None:
        for w in self.params:
            if w.grad is not None:
                recorder.note_change(w.value)
                w.value -= self.update(w, w.grad.value)

    def update(self, w: Tensor, g: Any) -> Any:
        """What is subtracted from the parameter w with the gradient g."""
        raise NotImplementedError

    def __repr__(self) -> str:
        lines = (f"    {name}: {value}" for name, value in sorted(self.options.items()) if name != "params")
        return "\n".join([f"{type(self).__name__} (", "Parameter Group 0", *lines, ")"])


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
        if nesterov and (momentum <= 0 or dampening != 0):
            message = "Nesterov momentum requires a momentum and zero dampening"
            raise ValueError(message)
        how = {"momentum": momentum, "dampening": dampening, "nesterov": nesterov}
        super().__init__(params, lr=lr, weight_decay=weight_decay, maximize=maximize, **how)

    def _step(self) -> None:
        if self.options["momentum"] or self.options["weight_decay"] or self.options["maximize"]:
            super()._step()
            return
        # The plain rule w ← w - η g, without asking for every parameter which rule it is.
        lr = self.options["lr"]
        changes = recorder.changes
        recorder.last_change = now = recorder.next_age()
        for w in self.params:
            if w.grad is not None:
                value = w.value
                changes[id(value if value.base is None else value.base)] = now
                value -= lr * w.grad.value
                w.value = value

    def update(self, w: Tensor, g: Any) -> Any:
        """η b, or η (g + μ b) after Nesterov; the first b is g itself."""
        options = self.options
        if options["maximize"]:
            g = -g
        if options["weight_decay"]:
            g = g + options["weight_decay"] * w.value
        if options["momentum"]:
            g = self.with_momentum(w, g)
        return options["lr"] * g

    def with_momentum(self, w: Tensor, g: Any) -> Any:
        """Update b, and return the direction of the step."""
        options = self.options
        state = self.state.setdefault(w, {})
        b = options["momentum"] * state["b"] + (1 - options["dampening"]) * g if state else g
        state["b"] = b
        return g + options["momentum"] * b if options["nesterov"] else b


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
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def update(self, w: Tensor, g: Any) -> Any:
        """η m̂ / (√v̂ + ε), with weight decay as part of the gradient."""
        decay = self.options["weight_decay"]
        return self.scaled(w, g + decay * w.value if decay else g)

    def scaled(self, w: Tensor, g: Any) -> Any:
        """η m̂ / (√v̂ + ε)."""
        beta1, beta2 = self.options["betas"]
        state = self.state.setdefault(w, {"t": 0, "m": 0.0, "v": 0.0})
        state["t"] += 1
        state["m"] = beta1 * state["m"] + (1 - beta1) * g
        state["v"] = beta2 * state["v"] + (1 - beta2) * g * g
        m_hat = state["m"] / (1 - beta1 ** state["t"])
        v_hat = state["v"] / (1 - beta2 ** state["t"])
        return self.options["lr"] * m_hat / (np.sqrt(v_hat) + self.options["eps"])


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter directly, and does not enter the moments."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def update(self, w: Tensor, g: Any) -> Any:
        """η m̂ / (√v̂ + ε) + η λ w."""
        decay = self.options["lr"] * self.options["weight_decay"] * w.value
        return decay + self.scaled(w, g)
