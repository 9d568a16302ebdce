"""Modules: functions with parameters. Names, attributes and printing are PyTorch's."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dlcalc.autodiff import creation
from dlcalc.autodiff.engine import recorder
from dlcalc.autodiff.nn import functional as F  # noqa: N812 (PyTorch's name)
from dlcalc.autodiff.tensor import Tensor

__all__ = [  # noqa: PLE0604 (they are strings)
    *("BCEWithLogitsLoss", "CrossEntropyLoss", "ELU", "Flatten", "GELU", "Identity", "L1Loss", "LeakyReLU", "Linear"),
    *("LogSoftmax", "MSELoss", "Module", "Parameter", "ReLU", "Sequential", "SiLU", "Sigmoid", "Softmax", "Softplus"),
    "Tanh",
]


class Parameter(Tensor):
    """A tensor that a module learns: a leaf that requires a gradient."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__()
        self.value = data.value if isinstance(data, Tensor) else np.asarray(data)
        self.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Module:
    """A function with parameters and modules of its own, found among its attributes.

    A subclass sets them in `__init__` (after super().__init__()) and computes in `forward`.
    """

    training = True

    def __call__(self, *inputs: Any) -> Any:
        """What `forward` computes."""
        return self.forward(*inputs)

    def forward(self, *inputs: Any) -> Any:
        """What the module computes."""
        message = f"{type(self).__name__} has no forward() yet"
        raise NotImplementedError(message)

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """(name, module) for each module directly inside."""
        return ((name, child) for name, child in vars(self).items() if isinstance(child, Module))

    def children(self) -> Iterator["Module"]:
        """Each module directly inside."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """(dotted name, module) for this module and all inside."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def modules(self) -> Iterator["Module"]:
        """The module and all inside."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(dotted name, parameter) for each parameter, here and inside, once."""
        seen: set[Parameter] = set()
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Parameter) and value not in seen:
                    seen.add(value)
                    yield (f"{prefix}.{name}" if prefix else name), value

    def parameters(self) -> Iterator[Parameter]:
        """Each parameter, here and inside, once."""
        return (parameter for _, parameter in self.named_parameters())

    def state_dict(self) -> dict[str, Tensor]:
        """Every parameter's numbers by name; they share memory with the parameters."""
        return OrderedDict((name, parameter.detach()) for name, parameter in self.named_parameters())

    def load_state_dict(self, state_dict: dict[str, Tensor]) -> None:
        """Copy numbers into the parameters of the same names.

        Raises
        ------
        RuntimeError
            If names or shapes differ.
        """
        parameters = dict(self.named_parameters())
        keys = {"Missing": parameters.keys() - state_dict.keys(), "Unexpected": state_dict.keys() - parameters.keys()}
        told = [f"{kind} key(s) in state_dict: {sorted(names)}." for kind, names in keys.items() if names]
        if told:
            message = f"Error(s) in loading state_dict for {type(self).__name__}: {' '.join(told)}"
            raise RuntimeError(message)
        for name, parameter in parameters.items():
            new = np.asarray(getattr(state_dict[name], "value", state_dict[name]))
            if new.shape != parameter.value.shape:
                message = f"size mismatch for {name}: {new.shape} does not fit {parameter.value.shape}"
                raise RuntimeError(message)
            parameter.assign(new)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to 0."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()

    def train(self, mode: bool = True) -> "Module":
        """The module in training mode."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        """The module in evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> "Module":
        """The module, its parameters recorded or not."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def to(self, dtype: Any) -> "Module":
        """The module with its parameters in another dtype; a device is accepted and ignored."""
        for parameter in self.parameters():
            parameter.value = parameter.detach().to(dtype).value
        return self

    def double(self) -> "Module":
        """The module in float64."""
        return self.to(np.float64)

    def float(self) -> "Module":
        """The module in float32."""
        return self.to(np.float32)

    def apply(self, function: Callable[["Module"], Any]) -> "Module":
        """The module, after function(module) for every module inside and itself."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def extra_repr(self) -> str:
        """What stands between the parentheses when the module is printed."""
        return ""

    def __repr__(self) -> str:
        lines = [f"({name}): " + repr(child).replace("\n", "\n  ") for name, child in self.named_children()]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"


class Linear(Module):
    """X Wᵀ + b; W of shape (out_features, in_features).

    Weights and biases start uniform in ±1/√in_features, as in PyTorch.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, *, dtype: Any = None) -> None:
        self.in_features = in_features
        self.out_features = out_features
        bound = in_features**-0.5 if in_features else 0.0

        def uniform(*shape: int) -> Parameter:
            numbers = creation.generator().uniform(-bound, bound, shape)
            return Parameter(numbers.astype(dtype or recorder.default_dtype))

        self.weight = uniform(out_features, in_features)
        self.bias = uniform(out_features) if bias else None

    def forward(self, input: Tensor) -> Tensor:
        """X Wᵀ + b."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Sequential(Module):
    """One module after the other; give modules, or one OrderedDict of named modules."""

    def __init__(self, *modules: Any) -> None:
        if len(modules) == 1 and isinstance(modules[0], dict):
            vars(self).update(modules[0])
        else:
            vars(self).update((str(i), module) for i, module in enumerate(modules))
        self._stages = tuple(self.children())

    def forward(self, input: Any) -> Any:
        """The modules, each applied to what the one before returned."""
        for stage in self._stages:
            input = stage.forward(input)
        return input

    def __getitem__(self, index: Any) -> Any:
        return Sequential(*self._stages[index]) if isinstance(index, slice) else self._stages[index]

    def __iter__(self) -> Iterator[Module]:
        return iter(self._stages)

    def __len__(self) -> int:
        return len(self._stages)


class Flatten(Module):
    """Dimensions start_dim to end_dim made one; by default all but the first."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """The flattened tensor."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The dimensions."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Identity(Module):
    """The input itself."""

    def forward(self, input: Any) -> Any:
        """The input."""
        return input


class _Function(Module):
    """A module that applies one function of `functional`, with options given by position or by name."""

    function: Callable[..., Tensor]
    options: dict[str, Any] = {}  # noqa: RUF012 (never changed)
    silent: tuple[str, ...] = ()

    def __init__(self, *values: Any, **named: Any) -> None:
        given = dict(zip(self.options, values, strict=False)) | named
        if len(values) > len(self.options) or not given.keys() <= self.options.keys():
            message = f"{type(self).__name__} takes {list(self.options) or 'no options'}, not {values} {named}"
            raise TypeError(message)
        self.options = self.options | given

    def forward(self, *inputs: Any) -> Tensor:
        """The function of the inputs."""
        return type(self).function(*inputs, **self.options)

    def extra_repr(self) -> str:
        """The options."""
        return ", ".join(f"{name}={value!r}" for name, value in self.options.items() if name not in self.silent)


class ReLU(_Function):
    """max(x, 0)."""

    function = F.relu

    def forward(self, input: Tensor) -> Tensor:
        """max(x, 0), the shorter way."""
        return input.relu()


class Sigmoid(_Function):
    """σ(x)."""

    function = F.sigmoid


class Tanh(_Function):
    """sinh x / cosh x."""

    function = F.tanh


class SiLU(_Function):
    """`x` σ(x)."""

    function = F.silu


class Softplus(_Function):
    """`log`(1 + eˣ)."""

    function = F.softplus
    options = {"beta": 1.0, "threshold": 20.0}  # noqa: RUF012


class GELU(_Function):
    """`x` Φ(x), or its approximation with tanh."""

    function = F.gelu
    options = {"approximate": "none"}  # noqa: RUF012


class LeakyReLU(_Function):
    """`x` for x > 0, else negative_slope · x."""

    function = F.leaky_relu
    options = {"negative_slope": 0.01}  # noqa: RUF012


class ELU(_Function):
    """`x` for x > 0, else α (eˣ - 1)."""

    function = F.elu
    options = {"alpha": 1.0}  # noqa: RUF012


class Softmax(_Function):
    """eˣ / Σ eˣ along `dim`."""

    function = F.softmax
    options = {"dim": -1}  # noqa: RUF012


class LogSoftmax(_Function):
    """`x` - log Σ eˣ along `dim`."""

    function = F.log_softmax
    options = {"dim": -1}  # noqa: RUF012


class MSELoss(_Function):
    """(f - y)², by default its mean."""

    function = F.mse_loss
    options = {"reduction": "mean"}  # noqa: RUF012
    silent = ("reduction",)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """(f - y)², the shorter way."""
        return F.mse_loss(input, target, self.options["reduction"])


class L1Loss(_Function):
    """|f - y|, by default its mean."""

    function = F.l1_loss
    options = {"reduction": "mean"}  # noqa: RUF012
    silent = ("reduction",)


class CrossEntropyLoss(_Function):
    """`log` Σ exp f - f_y of logits and labels, by default its mean."""

    function = F.cross_entropy
    options = {"reduction": "mean"}  # noqa: RUF012
    silent = ("reduction",)


class BCEWithLogitsLoss(_Function):
    """`log`(1 + eᶠ) - y f of logits and targets, by default its mean."""

    function = F.binary_cross_entropy_with_logits
    options = {"reduction": "mean"}  # noqa: RUF012
    silent = ("reduction",)
