"""Optimizers: rules that turn gradients into updates, step for step those of PyTorch, with PyTorch's option names.

>>> import numpy as np
>>> from dlcalc.optimizers import Adam
>>> w = np.array([1.0, -2.0])
>>> optimizer = Adam(lr=0.1)
>>> optimizer.step([w], [2 * w])    # one step down w², in place
>>> w.round(6)
array([ 0.9, -1.9])

Below, w is a parameter, g its gradient and t the number of the step, from 1. What a rule remembers of a parameter
(velocity, moments) it keeps in that parameter's `memory`.

References
----------
Kingma & Ba, "Adam: A Method for Stochastic Optimization", arXiv 1412.6980.
Goh, "Why Momentum Really Works", Distill 2017.
Loshchilov & Hutter, "Decoupled Weight Decay Regularization", arXiv 1711.05101.
Duchi, Hazan & Singer, "Adaptive Subgradient Methods", JMLR 12 (2011) 2121-2159.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import TypeAlias

import numpy as np

from dlcalc._network_input import number_from_0, positive_number, real_number
from dlcalc.registry import Registry
from dlcalc.typing import Array

Memory: TypeAlias = dict[str, Array]


@dataclass(kw_only=True)
class Optimizer(ABC):
    """What all optimizers share: a learning rate, weight decay, a step counter and a memory per parameter.

    Parameters
    ----------
    lr : float
        The learning rate.
    weight_decay : float
        Each rule but AdamW adds weight_decay · w to the gradient: the gradient of ½ weight_decay ‖w‖².

    Raises
    ------
    ValueError, TypeError
        If an option is not a number, or out of its range.
    """

    lr: float = 1e-3
    weight_decay: float = 0.0
    t: int = field(default=0, init=False, repr=False)
    memories: list[Memory] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        self.lr = positive_number(self.lr, "lr")
        for option in fields(self):
            if option.init and option.type in (float, "float"):
                setattr(self, option.name, number_from_0(getattr(self, option.name), option.name))

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Update every parameter in place, each in one subtraction.

        Parameters
        ----------
        parameters, gradients : sequences of ndarrays of pairwise equal shapes
            The same parameters in the same order at every call.

        Raises
        ------
        ValueError
            If the shapes differ from each other, or from those of the step before.
        TypeError
            If a parameter is not an array of floating-point numbers.
        """
        gradients = [np.asarray(g) for g in gradients]
        self._check_shapes(parameters, gradients)
        self.t += 1
        for w, g, memory in zip(parameters, gradients, self.memories, strict=True):
            w -= self.change(w, g, memory)  # noqa: PLW2901 - the parameter itself is updated

    @abstractmethod
    def change(self, w: Array, g: Array, memory: Memory) -> Array:
        """What to subtract from w in step t; updates the memory."""

    def decayed(self, w: Array, g: Array) -> Array:
        """The gradient g + weight_decay · w."""
        return g + self.weight_decay * w if self.weight_decay else g

    def _check_shapes(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        if not self.memories:
            self.memories = [{} for _ in parameters]
        for position, w in enumerate(parameters):
            if not isinstance(w, np.ndarray) or w.dtype.kind != "f":
                came = f"of {w.dtype}" if isinstance(w, np.ndarray) else f"a {type(w).__name__}"
                message = f"parameters[{position}] must be an array of floats, changed in place, not {came}"
                raise TypeError(message)
        shapes = [w.shape for w in parameters]
        expected = [next((kept.shape for kept in m.values()), s) for m, s in zip(self.memories, shapes, strict=False)]
        if len(self.memories) != len(shapes) or expected != shapes or [g.shape for g in gradients] != shapes:
            message = (
                f"parameters of shapes {shapes} do not fit gradients of shapes {[g.shape for g in gradients]} "
                f"or those of the step before, {expected}; an optimizer serves one set of parameters"
            )
            raise ValueError(message)


@dataclass(kw_only=True)
class SGD(Optimizer):
    """w ← w − lr · u with u = g, or with momentum the velocity b ← momentum · b + (1 − dampening) · g.

    In the first step b = g, without dampening, as in PyTorch. Nesterov's look ahead uses u = g + momentum · b.
    """

    momentum: float = 0.0
    dampening: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            message = (
                f"nesterov needs momentum above 0 and dampening 0, not momentum={self.momentum} "
                f"and dampening={self.dampening}"
            )
            raise ValueError(message)

    @property
    def is_plain(self) -> bool:
        """True for w ← w − lr · g and nothing else."""
        return type(self) is SGD and self.momentum == 0 and self.weight_decay == 0

    def change(self, w: Array, g: Array, memory: Memory) -> Array:
        """Lr · u."""
        g = self.decayed(w, g)
        if self.momentum:
            velocity = memory.get("velocity")
            b = g.copy() if velocity is None else self.momentum * velocity + (1 - self.dampening) * g
            memory["velocity"] = b
            g = g + self.momentum * b if self.nesterov else b
        return self.lr * g


@dataclass(kw_only=True)
class Adam(Optimizer):
    """w ← w − lr · m̂ / (√v̂ + eps), with running means m of g and v of g², corrected for their start at 0.

    m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
    """

    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        self.betas = _two_shares(self.betas)

    def change(self, w: Array, g: Array, memory: Memory) -> Array:
        """Lr · m̂ / (√v̂ + eps)."""
        g = self.decayed(w, g)
        beta1, beta2 = self.betas
        m = memory["m"] = beta1 * memory.get("m", np.zeros_like(w)) + (1 - beta1) * g
        v = memory["v"] = beta2 * memory.get("v", np.zeros_like(w)) + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**self.t)
        v_hat = v / (1 - beta2**self.t)
        return self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


@dataclass(kw_only=True)
class AdamW(Adam):
    """Adam with the decay w ← (1 − lr · weight_decay) w kept out of the moments."""

    weight_decay: float = 1e-2

    def change(self, w: Array, g: Array, memory: Memory) -> Array:
        """Lr · weight_decay · w, and Adam's change of what is left."""
        return super().change(w, g, memory) + self.lr * self.weight_decay * w

    def decayed(self, w: Array, g: Array) -> Array:
        """The gradient as it is: the decay stands in `change`."""
        return g


@dataclass(kw_only=True)
class RMSprop(Optimizer):
    """w ← w − lr · g / (√s + eps), with the running mean s ← alpha · s + (1 − alpha) g²."""

    lr: float = 1e-2
    alpha: float = 0.99
    eps: float = 1e-8

    def change(self, w: Array, g: Array, memory: Memory) -> Array:
        """Lr · g / (√s + eps)."""
        g = self.decayed(w, g)
        s = memory["s"] = self.alpha * memory.get("s", np.zeros_like(w)) + (1 - self.alpha) * g**2
        return self.lr * g / (np.sqrt(s) + self.eps)


@dataclass(kw_only=True)
class Adagrad(Optimizer):
    """w ← w − lr / (1 + (t − 1) lr_decay) · g / (√s + eps), with the sum s ← s + g²."""

    lr: float = 1e-2
    lr_decay: float = 0.0
    eps: float = 1e-10

    def change(self, w: Array, g: Array, memory: Memory) -> Array:
        """The rate of step t times g / (√s + eps)."""
        g = self.decayed(w, g)
        s = memory["s"] = memory.get("s", np.zeros_like(w)) + g**2
        rate = self.lr / (1 + (self.t - 1) * self.lr_decay)
        return rate * g / (np.sqrt(s) + self.eps)


def _two_shares(betas: object) -> tuple[float, float]:
    if not isinstance(betas, Sequence):
        message = f"betas must be two numbers, not {betas!r}"
        raise TypeError(message)
    numbers = [real_number(beta, "betas") for beta in betas]
    if len(numbers) != 2 or not all(0 <= beta < 1 for beta in numbers):
        message = f"betas must be two numbers from 0 to below 1, not {betas!r}"
        raise ValueError(message)
    return numbers[0], numbers[1]


OPTIMIZERS: Registry[Callable[..., Optimizer]] = Registry(
    "optimizer",
    {
        "sgd": SGD,
        "momentum": partial(SGD, momentum=0.9),
        "nesterov": partial(SGD, momentum=0.9, nesterov=True),
        "adam": Adam,
        "adamw": AdamW,
        "rmsprop": RMSprop,
        "adagrad": Adagrad,
    },
)
"""Every optimizer by its name; each is called with options, such as lr."""
