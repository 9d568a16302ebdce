"""Every row of the table of primitives is tested by standing there."""

import math

import numpy as np
import pytest

from dlcalc import autodiff as torch
from dlcalc.autodiff.engine import unbroadcast
from dlcalc.autodiff.primitives import TABLE, Primitive
from dlcalc.autodiff.tensor import apply
from dlcalc.finite_differences import jacobian

RNG = np.random.default_rng(7)
A = np.array([[0.9, 1.7, 2.4], [1.2, 0.4, 3.1]])
B = np.array([[0.5, 1.1, 1.9]])
SIGNED = np.array([[-0.9, 1.7, -2.4], [1.2, 0.4, -3.1]])
MASK = np.array([[True, False, True], [False, False, True]])
ROW, COLUMN = (-1,), (-2,)

# (inputs, parameters) where positive numbers of shapes (2, 3) and (1, 3) without parameters would not do.
EXAMPLES = {
    "pow": [((A, B), ()), ((A,), (2.5,)), ((A,), (0,)), ((A, np.array([[2.0]])), ())],
    "relu": [((SIGNED,), ())],
    "abs": [((SIGNED,), ())],
    "leaky_relu": [((SIGNED,), (0.1,))],
    "elu": [((SIGNED,), (1.5,))],
    "tanh": [((SIGNED,), ())],
    "sigmoid": [((SIGNED,), ())],
    "softplus": [((SIGNED,), ())],
    "clamp": [((SIGNED,), (-1.0, 1.5)), ((SIGNED,), (None, 1.5)), ((SIGNED,), (-1.0, None))],
    "where": [((A, B), (MASK,))],
    "matmul": [
        ((A, B.T), ()),
        ((A, B[0]), ()),
        ((A[:, 0], A), ()),
        ((B[0], B[0]), ()),
        ((A[None], np.stack([A.T, B.T @ B[:, :2]])), ()),
        ((B[0], np.stack([A.T, A.T + 1])), ()),
        ((np.stack([A, A + 1]), B[0]), ()),
    ],
    "linear": [
        ((A, np.vstack([A, B]), np.array([0.1, 0.2, 0.3])), ()),
        ((A, np.vstack([A, B])), ()),
        ((A[0], A, np.array([0.1, 0.2])), ()),
        ((np.stack([A, A + 1]), A, np.array([0.1, 0.2])), ()),
    ],
    "expand": [((B,), ((4, 2, 3),))],
    "reshape": [((A,), ((3, 2),))],
    "permute": [((A,), ((-1, -2),)), ((np.stack([A, A, A, A]),), ((-1, -3, -2),))],
    "gather": [
        ((A,), ((1,), 0)),
        ((A,), ((slice(None), slice(1, None)), 0)),
        ((A,), ((np.array([0, 0, 1]), np.array([2, 2, 0])), 0)),
        ((A,), ((MASK,), 0)),
        ((A,), ((..., None, -1), 0)),
        ((A,), ((np.array([1, 0, 1]),), 0)),
        ((np.stack([A, A + 1]),), ((1, slice(None), 0), 0)),
    ],
    "scatter": [((B[0],), ((2, 3), (1,), 0)), ((B[0],), ((4,), (np.array([0, 0, 3]),), 0))],
    "cast": [((A,), (np.float64,))],
    "cumsum": [((A,), (-1, False)), ((A,), (-2, True))],
    "cat": [((A, B), (-2,)), ((A, A, B.repeat(2, 0)), (-1,))],
    "sum": [((A,), (None, False)), ((A,), (ROW, False)), ((A,), (COLUMN, True)), ((A,), ((-1, -2), True))],
    "mean": [((A,), (None, False)), ((A,), (ROW, False)), ((A,), (COLUMN, True))],
    "amax": [((A,), (None, False)), ((A,), (ROW, False)), ((A,), (COLUMN, True))],
    "amin": [((A,), (None, False)), ((A,), (ROW, False)), ((A,), (COLUMN, True))],
    "norm": [((SIGNED,), (None, False)), ((SIGNED,), (ROW, False)), ((SIGNED,), (COLUMN, True))],
    "logsumexp": [((SIGNED,), (None, False)), ((SIGNED,), (ROW, False)), ((SIGNED,), (COLUMN, True))],
    "softmax": [((SIGNED,), (-1,)), ((SIGNED,), (-2,))],
    "log_softmax": [((SIGNED,), (-1,)), ((SIGNED,), (-2,))],
    "cross_entropy": [((SIGNED,), (np.array([2, 0]), 1)), ((A,), (np.array([1, 1]), 0.5))],
    "mse_loss": [((A, SIGNED), ()), ((A[0], B[0] + 1), ())],
}
FLAT_BETWEEN_STEPS = {"sign", "floor", "ceil", "round", "floor_divide"}


def examples(name):
    default = [((A, B)[: len(tuple(TABLE[name].vjps))], ())] if name not in EXAMPLES else []
    return EXAMPLES.get(name, default)


CASES = [
    pytest.param(name, inputs, parameters, id=f"{name}-{i}")
    for name in TABLE
    for i, (inputs, parameters) in enumerate(examples(name))
]
every_case = pytest.mark.parametrize(("name", "inputs", "parameters"), CASES)


def numerical(row, inputs, parameters, i):
    """∂y/∂xᵢ by central differences, of shape (y.size, xᵢ.size)."""

    def f(flat):
        changed = [flat.reshape(x.shape) if k == i else x for k, x in enumerate(inputs)]
        return np.asarray(row.forward(*changed, *parameters), float).reshape(-1)

    return np.asarray(jacobian(f, inputs[i].reshape(-1)))


def recorded(row, inputs, parameters):
    """The leaves, and the result of the operation on them."""
    leaves = tuple(torch.tensor(x, requires_grad=True) for x in inputs)
    return leaves, apply(row, leaves, (*(x.value for x in leaves), *parameters), True)


def pulled(y, leaves):
    """∂y/∂x of every leaf, one cotangent after the other."""
    rows = []
    for unit in np.eye(y.numel()):
        seed = torch.tensor(unit.reshape(y.shape))
        rows.append(torch.autograd.grad(y, leaves, seed, retain_graph=True, allow_unused=True))
    zero = [np.zeros(x.numel()) for x in leaves]
    return [np.stack([z if row[k] is None else row[k].numpy().reshape(-1) for row in rows]) for k, z in enumerate(zero)]


def test_every_row_has_examples():
    assert all(examples(name) for name in TABLE)
    assert set(EXAMPLES) <= set(TABLE)


@every_case
def test_vjps_equal_central_differences(name, inputs, parameters):
    if name in ("erf", "erfc"):
        pytest.importorskip("scipy")
    leaves, y = recorded(TABLE[name], inputs, parameters)
    for i, J in enumerate(pulled(y, leaves)):
        np.testing.assert_allclose(J, numerical(TABLE[name], inputs, parameters, i), rtol=1e-7, atol=1e-7)


@every_case
def test_jvps_equal_vjps(name, inputs, parameters):
    if name in ("erf", "erfc"):
        pytest.importorskip("scipy")
    row = TABLE[name]
    leaves, y = recorded(row, inputs, parameters)
    for i, J in enumerate(pulled(y, leaves)):
        columns = torch.func.jacfwd(lambda *xs: recorded_again(row, xs, parameters), argnums=i)(*leaves)
        np.testing.assert_allclose(columns.detach().numpy().reshape(J.shape), J, rtol=1e-12, atol=1e-12)


def recorded_again(row, xs, parameters):
    return apply(row, tuple(xs), (*(x.value for x in xs), *parameters), True)


@every_case
def test_many_cotangents_at_once_give_what_one_by_one_gives(name, inputs, parameters):
    if name in ("erf", "erfc"):
        pytest.importorskip("scipy")
    row = TABLE[name]
    leaves, y = recorded(row, inputs, parameters)
    at_once = torch.func.jacrev(lambda *xs: recorded_again(row, xs, parameters), argnums=tuple(range(len(inputs))))
    constants = [torch.tensor(x) for x in inputs]
    for J, batched in zip(pulled(y, leaves), at_once(*constants), strict=True):
        np.testing.assert_allclose(batched.numpy().reshape(J.shape), J, rtol=1e-12, atol=1e-12)


@every_case
def test_second_derivatives_equal_differences_of_the_first(name, inputs, parameters):
    if name in ("erf", "erfc"):
        pytest.importorskip("scipy")
    row = TABLE[name]

    def weighted(*xs):
        y = recorded_again(row, xs, parameters)
        return (y * y * torch.arange(1.0, y.numel() + 1).reshape(y.shape)).sum()

    for i, x in enumerate(inputs):

        def gradient(flat, i=i, x=x):
            changed = [torch.tensor(flat.reshape(x.shape) if k == i else v) for k, v in enumerate(inputs)]
            return torch.func.grad(weighted, argnums=i)(*changed).numpy().reshape(-1)

        H = torch.func.hessian(weighted, argnums=i)(*(torch.tensor(v) for v in inputs))
        expected = np.asarray(jacobian(gradient, x.reshape(-1)))
        np.testing.assert_allclose(H.numpy().reshape(expected.shape), expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", sorted(FLAT_BETWEEN_STEPS))
def test_step_functions_are_flat(name):
    leaves, y = recorded(TABLE[name], (A, B)[: len(tuple(TABLE[name].vjps))], ())
    assert all(not J.any() for J in pulled(y, leaves))


def test_a_rule_wrong_by_a_thousandth_is_found():
    wrong = Primitive("exp", np.exp, (lambda y_bar, y, x: 1.001 * y_bar * y,), ())
    leaves, y = recorded(wrong, (A,), ())
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(pulled(y, leaves)[0], numerical(wrong, (A,), (), 0), rtol=1e-7, atol=1e-7)


def test_a_missing_unbroadcast_would_be_found():
    assert unbroadcast(np.ones((2, 3)), (3,)).tolist() == [2, 2, 2]
    assert unbroadcast(np.ones((4, 2, 3)), (2, 1), 1).tolist() == [[[3], [3]]] * 4
    assert unbroadcast(np.ones((1, 1, 3)), (3,)).tolist() == [1, 1, 1]
    assert unbroadcast(np.ones((2, 3)), ()) == 6
    assert unbroadcast(np.ones((5, 2, 3)), (), 1).tolist() == [6] * 5


def test_a_primitive_says_its_name_and_computes_on_arrays():
    assert repr(TABLE["exp"]) == "<primitive exp>"
    assert TABLE["exp"](0.0) == 1
    assert isinstance(TABLE["mul"](2.0, torch.ones(2)), torch.Tensor)


def test_sigmoid_and_tanh_slopes_keep_their_digits_in_the_tails():
    z = torch.tensor([40.0, -40.0], requires_grad=True)
    torch.sigmoid(z).sum().backward()
    np.testing.assert_allclose(z.grad.numpy(), [math.exp(-40)] * 2, rtol=1e-14)
    z = torch.tensor([20.0], requires_grad=True)
    torch.tanh(z).sum().backward()
    np.testing.assert_allclose(z.grad.numpy(), [4 * math.exp(-40)], rtol=1e-14)


def test_nothing_warns_and_nothing_overflows_far_out():
    z = torch.tensor([-1000.0, 1000.0], requires_grad=True)
    for f in (torch.sigmoid, torch.tanh, torch.softplus, torch.exp):
        f(z).sum().backward()
    assert torch.sigmoid(z).tolist() == [0, 1]
    assert torch.softplus(z).tolist() == [0, 1000]


def test_relu_is_the_same_function_on_large_arrays():
    x = torch.tensor(np.append(RNG.normal(size=9999), [0.0, 1.0]), requires_grad=True)
    y = torch.relu(x)
    y.backward(torch.full((10001,), 3.0))
    np.testing.assert_array_equal(y.detach().numpy(), np.maximum(x.detach().numpy(), 0))
    np.testing.assert_array_equal(x.grad.numpy(), 3.0 * (x.detach().numpy() > 0))
    assert torch.relu(torch.tensor([torch.nan] * 5000)).isnan().all()
    assert torch.relu(torch.arange(-2, 5000)).dtype == torch.int64
