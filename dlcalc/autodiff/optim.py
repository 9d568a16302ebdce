"""Optimisers with PyTorch's exact update rules.

References
----------
Goh, "Why Momentum Really Works", Distill (2017); Kingma & Ba, "Adam", arXiv 1412.6980.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from dlcalc.autodiff.engine import recorder
from dlcalc.autodiff.silence import quietly, silent_context
from dlcalc.autodiff.tensor import Tensor

_STEPPING = silent_context()
Group = dict[str, Any]


class Optimizer:
    """Groups of parameters and what to do with them at each step.

    The options of each group stand in `param_groups`, where they can be changed between steps, as in PyTorch.

    Parameters
    ----------
    params : iterable of Tensor, or of dicts with "params" and options of their own
    options
        For every group that has none of its own.
    """

    def __init__(self, params: Iterable[Any], **options: Any) -> None:
        if isinstance(params, Tensor):
            message = "params argument given to the optimizer should be an iterable of Tensors or dicts, not a Tensor"
            raise TypeError(message)
        given = list(params)
        if not given:
            message = "optimizer got an empty parameter list"
            raise ValueError(message)
        groups = given if isinstance(given[0], dict) else [{"params": given}]
        self.param_groups: list[Group] = [options | group | {"params": list(group["params"])} for group in groups]
        self.state: dict[Tensor, dict[str, Any]] = {}
        for group in self.param_groups:
            self.check(group)

    def check(self, group: Group) -> None:
        """Raise if the options or parameters of a group make no sense."""
        if group["lr"] < 0:
            message = f"Invalid learning rate: {group['lr']}"
            raise ValueError(message)
        if not all(w.is_leaf for w in group["params"]):
            message = "can't optimize a non-leaf Tensor: give the leaf that it was computed from"
            raise ValueError(message)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to 0."""
        for group in self.param_groups:
            for w in group["params"]:
                if set_to_none:
                    w.grad = None
                elif w.grad is not None:
                    w.grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; a closure computes loss and gradients first."""
        loss = None if closure is None else closure()
        quietly(_STEPPING, self._step)
        return loss

    def _step(self) -> None:
        # One age does for the whole step: no node comes into being meanwhile.
        recorder.last_change = now = recorder.next_age()
        for group in self.param_groups:
            rule = self.rule(group)
            for w in group["params"]:
                if w.grad is not None:
                    value = w.value
                    recorder.changes[id(value if value.base is None else value.base)] = now
                    value -= rule(w, w.grad.value, group)
                    w.value = value

    def rule(self, group: Group) -> Callable[[Tensor, Any, Group], Any]:
        """What is subtracted from a parameter w with the gradient g, as a function of w, g and the group."""
        raise NotImplementedError

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [f"Parameter Group {i}"]
            lines += [f"    {name}: {value}" for name, value in sorted(group.items()) if name != "params"]
        return "\n".join([*lines, ")"])


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
        how = {"momentum": momentum, "dampening": dampening, "nesterov": nesterov}
        super().__init__(params, lr=lr, weight_decay=weight_decay, maximize=maximize, **how)

    def check(self, group: Group) -> None:
        """Raise if the options or parameters of a group make no sense."""
        super().check(group)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            message = "Nesterov momentum requires a momentum and zero dampening"
            raise ValueError(message)

    def rule(self, group: Group) -> Callable[[Tensor, Any, Group], Any]:
        """The plain rule η g where there is nothing else to do."""
        return self.update if group["momentum"] or group["weight_decay"] or group["maximize"] else self.plain

    @staticmethod
    def plain(w: Tensor, g: Any, group: Group) -> Any:
        """η g."""
        return group["lr"] * g

    def update(self, w: Tensor, g: Any, group: Group) -> Any:
        """η b, or η (g + μ b) after Nesterov; the first b is g itself."""
        g = -g if group["maximize"] else g
        if group["weight_decay"]:
            g = g + group["weight_decay"] * w.value
        if group["momentum"]:
            state = self.state.setdefault(w, {})
            b = group["momentum"] * state["b"] + (1 - group["dampening"]) * g if state else g.copy()
            state["b"] = b
            g = g + group["momentum"] * b if group["nesterov"] else b
        return group["lr"] * g


class Adam(Optimizer):
    """w ← w - η m̂ / (√v̂ + ε), with running means m of g and v of g², both corrected for their start at 0."""

    decay = 0.0
    decoupled = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float | None = None,
        *,
        maximize: bool = False,
    ) -> None:
        decay = self.decay if weight_decay is None else weight_decay
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=decay, maximize=maximize)

    def check(self, group: Group) -> None:
        """Raise if the options or parameters of a group make no sense."""
        super().check(group)
        for i, beta in enumerate(group["betas"]):
            if not 0 <= beta < 1:
                message = f"Invalid beta parameter at index {i}: {beta}"
                raise ValueError(message)

    def rule(self, group: Group) -> Callable[[Tensor, Any, Group], Any]:
        """One rule for all."""
        return self.update

    def update(self, w: Tensor, g: Any, group: Group) -> Any:
        """η m̂ / (√v̂ + ε), with weight decay λ w as a part of g, or, decoupled, added as η λ w."""
        decay = group["weight_decay"] * w.value if group["weight_decay"] else 0
        g = -g if group["maximize"] else g
        g = g if self.decoupled else g + decay
        beta1, beta2 = group["betas"]
        state = self.state.setdefault(w, {"t": 0, "m": 0.0, "v": 0.0})
        state["t"] += 1
        state["m"] = beta1 * state["m"] + (1 - beta1) * g
        state["v"] = beta2 * state["v"] + (1 - beta2) * g * g
        m_hat = state["m"] / (1 - beta1 ** state["t"])
        v_hat = state["v"] / (1 - beta2 ** state["t"])
        step = group["lr"] * m_hat / (np.sqrt(v_hat) + group["eps"])
        return step + group["lr"] * decay if self.decoupled else step


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter directly, and does not enter the moments."""

    decay = 1e-2
    decoupled = True
