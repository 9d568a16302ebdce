"""φ, φ′ and φ″ in 60 digits, written from their definitions; mpmath's own functions, nothing of dlcalc."""

from collections.abc import Callable

import mpmath as mp

Triple = tuple[mp.mpf, mp.mpf, mp.mpf]


def _identity(x: mp.mpf) -> Triple:
    return x, mp.mpf(1), mp.mpf(0)


def _sigmoid_pair(x: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    """σ(x) and 1 - σ(x), both without cancellation."""
    e = mp.exp(-abs(x))
    large, small = 1 / (1 + e), e / (1 + e)
    return (large, small) if x >= 0 else (small, large)


def _sigmoid(x: mp.mpf) -> Triple:
    s, q = _sigmoid_pair(x)
    return s, s * q, s * q * (q - s)


def _tanh(x: mp.mpf) -> Triple:
    t, square = mp.tanh(x), 1 / mp.cosh(x) ** 2
    return t, square, -2 * t * square


def _relu(x: mp.mpf) -> Triple:
    return max(x, mp.mpf(0)), mp.mpf(1 if x > 0 else 0), mp.mpf(0)


def _leaky_relu(x: mp.mpf) -> Triple:
    slope = mp.mpf(1) if x > 0 else mp.mpf(0.01)
    return slope * x, slope, mp.mpf(0)


def _elu(x: mp.mpf) -> Triple:
    return (x, mp.mpf(1), mp.mpf(0)) if x > 0 else (mp.expm1(x), mp.exp(x), mp.exp(x))


def _gelu(x: mp.mpf) -> Triple:
    distribution = mp.erfc(-x / mp.sqrt(2)) / 2
    density = mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)
    return x * distribution, distribution + x * density, density * (2 - x * x)


def _gelu_tanh(x: mp.mpf) -> Triple:
    k, c = mp.mpf("0.044715"), 2 * mp.sqrt(2 / mp.pi)
    a, a1, a2 = c * (x + k * x**3), c * (1 + 3 * k * x * x), 6 * c * k * x
    s, q = _sigmoid_pair(a)
    return x * s, s + x * s * q * a1, s * q * (2 * a1 + x * a2 + x * a1 * a1 * (q - s))


def _silu(x: mp.mpf) -> Triple:
    s, q = _sigmoid_pair(x)
    return x * s, s + x * s * q, s * q * (2 + x * (q - s))


def _softplus(x: mp.mpf) -> Triple:
    s, q = _sigmoid_pair(x)
    return max(x, mp.mpf(0)) + mp.log1p(mp.exp(-abs(x))), s, s * q


TRUTH: dict[str, Callable[[mp.mpf], Triple]] = {
    "identity": _identity,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": _silu,
    "softplus": _softplus,
}


def truth(name: str, x: float) -> Triple:
    with mp.workdps(60):
        return TRUTH[name](mp.mpf(x))


def conditions(name: str, x: float) -> tuple[float, float, float]:
    """|x g′(x) / g(x)| for g = φ, φ′, φ″, at least 1: how much a relative error of x grows."""
    with mp.workdps(60):
        step = mp.mpf(10) ** -25 * max(1, abs(mp.mpf(x)))
        here, ahead, behind = (TRUTH[name](mp.mpf(x) + k * step) for k in (0, 1, -1))
        return tuple(
            float(max(1, abs(x * (a - b) / (2 * step * g)))) if g else 1.0
            for g, a, b in zip(here, ahead, behind, strict=True)
        )
