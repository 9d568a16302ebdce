"""grad, vjp, jvp, Jacobians and Hessians of functions."""

import numpy as np
import pytest

from dlcalc import autodiff as torch
from dlcalc.autodiff import func

X = torch.tensor([1.0, 2.0])
Y = torch.tensor([3.0, 4.0])


def same(actual, expected):
    np.testing.assert_allclose(actual.detach().numpy(), expected, rtol=1e-13, atol=1e-15)


def test_grad_by_one_or_several_arguments():
    same(func.grad(lambda x: (x**2).sum())(X), [2, 4])
    first, second = func.grad(lambda x, y: (x * y).sum(), argnums=(0, 1))(X, Y)
    same(first, Y.numpy())
    same(second, X.numpy())
    same(func.grad(lambda x, y: (x * y).sum(), argnums=1)(X, Y), X.numpy())
    same(func.grad(lambda x: x**2)(3.0), 6)
    same(func.grad(lambda x: x @ x)(np.array([1.0, 2.0])), [2, 4])


def test_grad_with_more_to_return():
    gradient, aux = func.grad(lambda x: ((x**2).sum(), x * 2), has_aux=True)(X)
    same(gradient, [2, 4])
    same(aux, [2, 4])
    assert not aux.requires_grad
    gradient, (value, aux) = func.grad_and_value(lambda x: ((x**2).sum(), "more"), has_aux=True)(X)
    assert (value.item(), aux) == (5, "more")
    gradient, value = func.grad_and_value(lambda x: (x**2).sum())(X)
    assert not value.requires_grad
    same(gradient, [2, 4])


def test_gradients_nest():
    f = lambda x: x**4  # noqa: E731 - a function of one line, as mathematics writes it
    for derivative in (32, 48, 48, 24, 0):
        f = func.grad(f)
        same(f(2.0), derivative)


def test_gradients_reach_what_the_function_closes_over():
    w = torch.tensor(3.0, requires_grad=True)
    slope = func.grad(lambda x: w * x**2)(2.0)
    assert torch.autograd.grad(slope, w)[0].item() == 4
    J = func.jacrev(lambda x: w * x**2)(X)
    assert torch.autograd.grad(J.sum(), w)[0].item() == 6
    J = func.jacfwd(lambda x: w * x**2)(X)
    assert torch.autograd.grad(J.sum(), w)[0].item() == 6
    value, pull = func.vjp(lambda x: w * x**2, X)
    assert value.requires_grad
    assert torch.autograd.grad(pull(torch.ones(2))[0].sum(), w)[0].item() == 6
    value, x_dot = func.jvp(lambda x: w * x**2, (X,), (torch.ones(2),))
    assert torch.autograd.grad((value + x_dot).sum(), w)[0].item() == 11


def test_a_function_that_ignores_its_input_has_derivative_zero():
    constant = lambda x: torch.ones(3)  # noqa: E731 - a function of one line, as mathematics writes it
    same(func.jacrev(constant)(X), np.zeros((3, 2)))
    same(func.jacfwd(constant)(X), np.zeros((3, 2)))
    same(func.grad(lambda x: torch.tensor(1.0))(X), [0, 0])
    same(func.vjp(constant, X)[1](torch.ones(3))[0], [0, 0])
    same(func.jvp(constant, (X,), (X,))[1], [0, 0, 0])
    same(func.jvp(lambda x, y: y * 2, (X, Y), (X, torch.zeros(2)))[1], [0, 0])
    w = torch.ones(3, requires_grad=True)
    same(func.jvp(lambda x: w * 2, (X,), (X,))[1], [0, 0, 0])
    same(func.hessian(lambda x: x.sum())(X), np.zeros((2, 2)))


def test_derivatives_are_found_under_no_grad():
    with torch.no_grad():
        same(func.grad(lambda x: (x**2).sum())(X), [2, 4])
        same(func.hessian(lambda x: (x**3).sum())(X), [[6, 0], [0, 12]])
        assert not torch.is_grad_enabled()


def test_vjp_returns_one_cotangent_for_each_primal():
    value, pull = func.vjp(lambda x, y: x * y, X, Y)
    same(value, [3, 8])
    for x_bar, expected in zip(pull(torch.tensor([1.0, 10.0])), ([3, 40], [1, 20]), strict=True):
        same(x_bar, expected)
    same(pull(np.ones(2))[0], Y.numpy())
    value, pull, aux = func.vjp(lambda x: (x * 2, 7), X, has_aux=True)
    assert aux == 7
    seed = torch.ones(2, requires_grad=True)
    x_bar = func.vjp(lambda x: x**2, X)[1](seed)[0]
    same(torch.autograd.grad(x_bar.sum(), seed)[0], [2, 4])


def test_jvp_adds_over_its_primals():
    value, y_dot = func.jvp(lambda x, y: x * y, (X, Y), (torch.ones(2), torch.ones(2)))
    same(value, [3, 8])
    same(y_dot, [4, 6])
    value, y_dot, aux = func.jvp(lambda x: (x * 2, 7), (X,), (X,), has_aux=True)
    assert aux == 7
    direction = torch.ones(2, requires_grad=True)
    y_dot = func.jvp(lambda x: x**2, (X,), (direction,))[1]
    same(torch.autograd.grad(y_dot.sum(), direction)[0], [2, 4])


@pytest.mark.parametrize("jacobian", [func.jacrev, func.jacfwd])
def test_jacobians_have_the_shapes_of_output_and_input(jacobian):
    M = torch.arange(6.0).reshape(2, 3)
    assert jacobian(lambda x: x.T)(M).shape == (3, 2, 2, 3)
    assert jacobian(lambda x: x.sum())(M).shape == (2, 3)
    assert jacobian(lambda x: x * M)(torch.tensor(2.0)).shape == (2, 3)
    first, second = jacobian(lambda x, y: x * y, argnums=(0, 1))(X, Y)
    same(first, np.diag(Y.numpy()))
    same(second, np.diag(X.numpy()))
    J, aux = jacobian(lambda x: (x**2, 7), has_aux=True)(X)
    assert aux == 7
    same(J, np.diag([2, 4]))


def test_hessians_of_composites_agree_in_every_order():
    def f(x):
        return torch.logsumexp(torch.tanh(x) * x.cumsum(0), 0) * x.var() + (x.softmax(0) * x).sum() / x.norm()

    x = torch.tensor([0.3, -1.2, 0.8])
    H = func.hessian(f)(x).numpy()
    np.testing.assert_allclose(H, H.T, rtol=1e-10)
    for other in (func.jacfwd(func.jacrev(f)), func.jacrev(func.jacfwd(f)), func.jacfwd(func.jacfwd(f))):
        np.testing.assert_allclose(other(x).numpy(), H, rtol=1e-10, atol=1e-12)
    v = torch.tensor([1.0, -2.0, 0.5])
    np.testing.assert_allclose(func.hvp(f, x, v).numpy(), H @ v.numpy(), rtol=1e-10)


def test_a_hessian_vector_product_of_several_arguments():
    f = lambda x, y: (x**2 * y).sum()  # noqa: E731 - a function of one line, as mathematics writes it
    x_part, y_part = func.hvp(f, (X, Y), (torch.ones(2), torch.tensor([1.0, 0.0])))
    same(x_part, 2 * Y.numpy() + np.array([2, 0]))
    same(y_part, 2 * X.numpy())


def test_a_hessian_by_two_arguments_is_a_table_of_blocks():
    blocks = func.jacrev(func.grad(lambda x, y: (x * y).sum(), argnums=0), argnums=1)(X, Y)
    same(blocks, np.eye(2))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: func.grad(lambda x: x * 2)(X), RuntimeError, r"one number of shape \(\), not of shape \(2,\)"),
        (lambda: func.vjp(lambda x: x * 2, X)[1](torch.ones(3)), RuntimeError, r"cotangent has shape \(3,\)"),
        (lambda: func.jvp(lambda x: x * 2, (X,), (torch.ones(3),)), RuntimeError, r"tangent has shape \(3,\)"),
        (lambda: func.jacrev(lambda x: 1.0)(X), TypeError, "return a Tensor, not float"),
    ],
)
def test_errors_say_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("recorded", [False, True])
def test_a_jacobian_that_begins_behind_a_product_equals_the_product_of_jacobians(recorded):
    rng = np.random.default_rng(3)
    W1, W2 = torch.tensor(rng.normal(size=(4, 3))), torch.tensor(rng.normal(size=(2, 4)), requires_grad=recorded)
    b, x = torch.tensor(rng.normal(size=2), requires_grad=recorded), torch.tensor(rng.normal(size=3))
    slopes = 1 - np.tanh(W1.numpy() @ x.numpy()) ** 2
    expected = W2.detach().numpy() @ (slopes[:, None] * W1.numpy())
    linear = torch.nn.functional.linear
    for f in (lambda v: linear(torch.tanh(W1 @ v), W2, b), lambda v: W2 @ torch.tanh(linear(v, W1))):
        J = torch.func.jacrev(f)(x)
        assert J.requires_grad == recorded
        np.testing.assert_allclose(J.detach().numpy(), expected, rtol=1e-13)


def test_the_jacobian_of_a_product_is_a_copy_of_its_matrix():
    W, x = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.ones(2)
    J = torch.func.jacrev(lambda v: W @ v)(x)
    J.zero_()
    assert W.tolist() == [[1, 2], [3, 4]]
    by_matrix = torch.func.jacrev(lambda A: A @ (A @ x))(W).numpy()
    expected = torch.func.jacfwd(lambda A: A @ (A @ x))(W).numpy()
    np.testing.assert_allclose(by_matrix, expected, rtol=1e-14)


def test_functions_of_several_results_have_a_derivative_for_each():
    f = lambda x: (x**2, x.sum())  # noqa: E731 - a function of one line, as mathematics writes it
    for jacobian in (func.jacrev, func.jacfwd):
        square, total = jacobian(f)(X)
        same(square, [[2, 0], [0, 4]])
        same(total, [1, 1])
    (first, second), pull = func.vjp(f, X)
    same(first, [1, 4])
    same(second, 3)
    same(pull((torch.ones(2), torch.tensor(10.0)))[0], [12, 14])
    same(func.jvp(f, (X,), (Y,))[1][1], 7)
    same(func.vjp(lambda x: (torch.ones(2), x.sum()), X)[1]((X, torch.tensor(2.0)))[0], [2, 2])


def test_a_hessian_by_several_arguments_has_a_block_for_each_pair():
    blocks = func.hessian(lambda x, y: (x**2 * y).sum(), argnums=(0, 1))(X, Y)
    expected = [[np.diag(2 * Y.numpy()), np.diag(2 * X.numpy())], [np.diag(2 * X.numpy()), np.zeros((2, 2))]]
    for row, expected_row in zip(blocks, expected, strict=True):
        for block, expected_block in zip(row, expected_row, strict=True):
            same(block, expected_block)


def test_named_arguments_reach_the_function():
    same(func.grad(lambda x, scale=1.0: (x**2 * scale).sum())(X, scale=3.0), [6, 12])
    same(func.jacrev(lambda x, scale=1.0: x * scale)(X, scale=3.0), [[3, 0], [0, 3]])


def test_a_jacobian_by_nothing_is_empty():
    for jacobian in (func.jacrev, func.jacfwd):
        assert jacobian(lambda x: x * 2)(torch.zeros(0)).shape == (0, 0)
        assert jacobian(lambda x: x.sum())(torch.zeros(0, 2)).shape == (0, 2)
