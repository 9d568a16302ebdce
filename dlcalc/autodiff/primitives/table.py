"""What a row of the table of primitives is, and the table."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from dlcalc.autodiff.silence import silent_context

COMPUTING = silent_context()

NEVER = math.inf
Rule = Callable[..., Any]
Axes = tuple[int, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """One row: y = forward(*inputs, *parameters) with a VJP and a JVP for each input.

    `saves` is the number of inputs, constants not counted, from which on a rule reads the values of inputs or output.
    Only then are they freed after use, and only then does it matter if they are changed in place: never for x + y, for
    x * y but not for x * 2. `freed` is the record of a node whose values were freed.
    `compute` is the forward in a silent context, which may be taken (see `silence`).
    """

    name: str
    forward: Callable[..., Any]
    vjps: Any
    jvps: Any
    saves: float = 1
    compute: Callable[..., Any] = field(init=False)
    freed: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compute", partial(COMPUTING.run, self.forward))
        object.__setattr__(self, "freed", (0, self, None, None, False, None, 0))

    def __call__(self, *arguments: Any) -> Any:
        """The forward on arrays; if any argument is a tensor, a recorded tensor."""
        for argument in arguments:
            if hasattr(argument, "requires_grad"):
                return argument.call(self, arguments)
        return self.forward(*arguments)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


TABLE: dict[str, Primitive] = {}


def row(name: str, forward: Callable[..., Any], vjps: Any, jvps: Any, saves: float = 1) -> Primitive:
    """A new row in the table."""
    TABLE[name] = Primitive(name, forward, vjps, jvps, saves)
    return TABLE[name]


def alias(original: Primitive, name: str) -> Primitive:
    """A row of the table under the name of a function that is a case of it."""
    return replace(original, name=name)


def elementwise(name: str, forward: Callable[..., Any], *rules: Rule, saves: float = 1) -> Primitive:
    """A row whose Jacobians are diagonal, thus their own transposes: one rule serves both directions."""
    return row(name, forward, rules, rules, saves)


def linear(name: str, forward: Callable[..., Any], vjp: Rule) -> Primitive:
    """A row that is linear in its one input: its JVP is itself, and it needs no saved values."""
    return row(name, forward, (vjp,), (lambda x_dot, y, x, *parameters: TABLE[name](x_dot, *parameters),), NEVER)
