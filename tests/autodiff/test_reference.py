"""Every expression, Jacobian and Hessian of the reference file, to 1e-12."""

import json
from pathlib import Path

import numpy as np
import pytest

from dlcalc import autodiff as torch
from dlcalc.autodiff.nn import functional as F

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "torch_reference_autodiff.json").read_text("utf-8"))
C = torch.tensor(REFERENCE["expressions"]["C"])

SMOOTH = {
    "matmul": lambda a, b: (a @ b).sum(),
    "matmul_sq": lambda a, b: ((a @ b) ** 2).sum(),
    "matvec": lambda a, r: ((a @ r) ** 2).sum(),
    "batched_matmul_broadcast": lambda x, b: ((x @ b) ** 2).sum(),
    "dot": lambda r, s: r.dot(s) ** 2,
    "broadcast_add": lambda a, r: ((a + r) ** 2).sum(),
    "broadcast_mul": lambda a, c: (a * c * C).sum(),
    "broadcast_outer": lambda c, r: ((c - r) ** 3).sum(),
    "broadcast_scalar": lambda a, s: (a * s).sum() ** 2,
    "sum_axis0": lambda a: (a.sum(0) ** 2).sum(),
    "sum_axis1_keepdim": lambda a: ((a - a.sum(1, keepdim=True)) ** 2).sum(),
    "mean": lambda a: (a**2).mean(),
    "mean_axis1": lambda a: (a.mean(1) ** 3).sum(),
    "var_unbiased": lambda a: a.var(1).sum(),
    "prod": lambda a: a.prod(),
    "prod_with_zero": lambda a: a.prod(),
    "prod_two_zeros": lambda a: a.prod(),
    "cumsum": lambda a: (a.cumsum(1) * C).sum(),
    "index_int": lambda a: (a[1] ** 2).sum(),
    "index_slice": lambda a: (a[:, 1:] ** 2).sum(),
    "index_repeated": lambda r: (r[torch.tensor([0, 0, 2])] * torch.tensor([1.0, 10.0, 100.0])).sum(),
    "index_mask": lambda a: (a[a > 0] ** 2).sum(),
    "reshape_T": lambda a: (a.reshape(3, 2).T * C).sum(),
    "transpose_matmul": lambda a: (a.T @ a).pow(2).sum(),
    "concat_axis0": lambda a, p: (torch.cat([a, p], 0) ** 2)[1:3].sum(),
    "concat_axis1": lambda a, c: (torch.cat([a, c], 1).sum(1) ** 2).sum(),
    "stack": lambda r, s: (torch.stack([r, s]) * C).sum(),
    "pow_scalar_exp": lambda p: (p**2.5).sum(),
    "pow_tensor_tensor": lambda p, r: (p**r).sum(),
    "pow_base_scalar": lambda a: (2.0**a).sum(),
    "div": lambda a, p: (a / p).sum(),
    "div_broadcast": lambda r, p: (r / p).sum(),
    "exp_log": lambda p, a: (p.log() * a.exp()).sum(),
    "sqrt": lambda p: p.sqrt().sum(),
    "trig": lambda a: (a.sin() * a.cos()).sum(),
    "logsumexp_all": lambda a: torch.logsumexp(a.reshape(-1), 0),
    "logsumexp_axis1_big": lambda a: torch.logsumexp(1000 * a, 1).sum(),
    "softmax_weighted": lambda a: (torch.softmax(a, 1) * C).sum(),
    "max_axis1": lambda a: (a.max(1).values ** 2).sum(),
    "where": lambda a: torch.where(a > 0, a**2, 3 * a).sum(),
    "maximum_broadcast": lambda a, r: (torch.maximum(a, r) ** 2).sum(),
    "clip": lambda a: (a.clamp(-0.5, 1.5) * C).sum(),
    "norm": lambda a: a.norm(),
    "reuse_diamond": lambda a, b: ((a @ b) * (a @ b) + torch.sin(a @ b)).sum(),
}

KINKS = {
    "relu_at_0": lambda a: torch.relu(a).sum(),
    "maximum_0": lambda a: torch.maximum(a, torch.zeros(1)).sum(),
    "clamp_min_0": lambda a: a.clamp(min=0).sum(),
    "leaky_relu_at_0": lambda a: F.leaky_relu(a, 0.01).sum(),
    "elu_at_0": lambda a: F.elu(a).sum(),
    "abs_at_0": lambda a: a.abs().sum(),
    "sign": lambda a: a.sign().sum(),
    "maximum_tie": lambda a, b: torch.maximum(a, b).sum(),
    "minimum_tie": lambda a, b: torch.minimum(a, b).sum(),
    "max_full_tie": lambda a: a.max(),
    "amax_tie": lambda a: a.amax(0),
    "max_dim_tie": lambda a: a.max(0).values,
    "amax_axis1_tie": lambda a: a.amax(1).sum(),
    "clamp_boundary": lambda a: a.clamp(-1, 1).sum(),
    "where_tie": lambda a: torch.where(a > 0, a, -a).sum(),
    "where_nan_trap": lambda a: torch.where(a > 0, a.sqrt(), torch.zeros(1)).sum(),
    "where_safe": lambda a: torch.where(a > 0, torch.where(a > 0, a, torch.ones(1)).sqrt(), torch.zeros(1)).sum(),
    "sqrt_at_0": lambda a: a.sqrt().sum(),
    "norm_at_0": lambda a: a.norm(),
    "pow_2_at_0": lambda a: (a**2).sum(),
    "pow_0_at_0": lambda a: (a**0).sum(),
    "pow_half_at_0": lambda a: (a**0.5).sum(),
    "pow_tensor_base_0": lambda a, b: (a**b).sum(),
    "log_at_0": lambda a: a.log().sum(),
    "xlogy_at_0": lambda a: (a * a.log()).sum(),
    "logsumexp_neg_inf": lambda a: torch.logsumexp(a, 0),
    "logsumexp_all_neg_inf": lambda a: torch.logsumexp(a, 0),
    "floor": lambda a: a.floor().sum(),
    "median_even": lambda a: a.median(),
    "sort": lambda a: (a.sort().values * torch.tensor([1.0, 10.0, 100.0])).sum(),
}


def numbers(nested):
    """Nested lists in which "nan", "inf" and "-inf" are numbers."""
    return np.array([numbers(item) for item in nested] if isinstance(nested, list) else float(nested))


def close(actual, expected):
    actual = actual.detach().numpy()
    assert actual.shape == numbers(expected).shape
    np.testing.assert_allclose(actual, numbers(expected), rtol=1e-12, atol=1e-12)


def test_every_reference_expression_is_written_here():
    assert list(SMOOTH) == [row["name"] for row in REFERENCE["expressions"]["smooth"]]
    assert list(KINKS) == [row["name"] for row in REFERENCE["expressions"]["ties_and_kinks"]]


@pytest.mark.parametrize(
    "row", REFERENCE["expressions"]["smooth"] + REFERENCE["expressions"]["ties_and_kinks"], ids=lambda row: row["name"]
)
def test_values_and_gradients_are_those_of_the_reference(row):
    inputs = [torch.tensor(numbers(x).tolist(), requires_grad=True) for x in row["inputs"]]
    y = (SMOOTH | KINKS)[row["name"]](*inputs)
    close(y, row["value"])
    gradients = torch.autograd.grad(y, inputs, allow_unused=True)
    for x, gradient, expected in zip(inputs, gradients, row["grads"], strict=True):
        close(torch.zeros_like(x) if gradient is None else gradient, expected)


W = torch.tensor([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
b = torch.tensor([0.1, -0.2])
FUNCTIONS = {
    "linear: W v": lambda v: W @ v,
    "sigmoid elementwise": torch.sigmoid,
    "polar: (r cos t, r sin t)": lambda p: torch.stack([p[0] * torch.cos(p[1]), p[0] * torch.sin(p[1])]),
    "layer: tanh(W v + b)": lambda v: torch.tanh(W @ v + b),
    "normalise: v/||v||": lambda v: v / v.norm(),
    "monomials: (x y^2, sin(x y), exp(x - z), x + y z)": lambda p: torch.stack(
        [p[0] * p[1] ** 2, torch.sin(p[0] * p[1]), torch.exp(p[0] - p[2]), p[0] + p[1] * p[2]]
    ),
    "softmax(W v + b)": lambda v: torch.softmax(W @ v + b, 0),
}


@pytest.mark.parametrize("row", REFERENCE["jacobians"], ids=lambda row: row["name"])
def test_jacobians_and_products_with_them_are_those_of_the_reference(row):
    f, x = FUNCTIONS[row["name"]], torch.tensor(row["x"])
    close(f(x), row["y"])
    close(torch.func.jacrev(f)(x), row["J"])
    close(torch.func.jacfwd(f)(x), row["J"])
    close(torch.func.vjp(f, x)[1](torch.tensor(row["vjp_u"]))[0], row["vjp"])
    close(torch.func.jvp(f, (x,), (torch.tensor(row["jvp_t"]),))[1], row["jvp"])


def test_the_jacobian_of_a_composition_is_the_product():
    row = REFERENCE["chain_rule"]
    f = FUNCTIONS["layer: tanh(W v + b)"]
    g = lambda s: torch.stack([s[0] * s[1], s[0] ** 2, torch.exp(s[1]), s[0] - 2 * s[1]])  # noqa: E731 - a function of one line, as mathematics writes it
    x = torch.tensor(row["x"])
    close(torch.func.jacrev(f)(x), row["J_f"])
    close(torch.func.jacrev(g)(f(x)), row["J_g_at_f"])
    close(torch.func.jacrev(lambda v: g(f(v)))(x), row["J_gof"])


def test_the_derivative_of_a_product_by_its_matrix_is_the_reference_tensor():
    row = REFERENCE["dz_dW"]
    close(torch.func.jacrev(lambda A: A @ torch.tensor(row["v"]))(torch.tensor(row["W"])), row["tensor_(k,i,j)"])


def test_gradient_hessian_and_hessian_vector_product_are_those_of_the_reference():
    row = REFERENCE["hessian"]
    h = lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2 + p[0] * torch.sin(p[2])  # noqa: E731 - a function of one line, as mathematics writes it
    p, v = torch.tensor(row["p"]), torch.tensor(row["v"])
    close(torch.func.grad(h)(p), row["grad"])
    for hessian in (
        torch.func.hessian(h),
        torch.func.jacfwd(torch.func.jacrev(h)),
        torch.func.jacrev(torch.func.jacfwd(h)),
        torch.func.jacfwd(torch.func.jacfwd(h)),
    ):
        close(hessian(p), row["hessian"])
    close(torch.func.hvp(h, p, v), row["Hv"])
    close(torch.func.hvp(h, (p,), (v,)), row["Hv"])
