"""Laws that hold for every function: linearity, duality, paths, and other roads to the same gradient."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from dlcalc import autodiff as torch
from dlcalc.autodiff import func
from dlcalc.finite_differences import jacobian

UNARY = [torch.tanh, torch.sigmoid, torch.sin, torch.exp, torch.square, lambda x: x * 0.5, lambda x: x / (2 + x * x)]
BINARY = [torch.add, torch.sub, torch.mul, lambda a, b: a / (2 + b * b), torch.maximum]
SMOOTH = [torch.tanh, torch.sigmoid, torch.softplus, torch.nn.functional.silu]
numbers = st.floats(-2, 2, allow_nan=False).map(lambda v: round(v, 3))


@st.composite
def programs(draw):
    """A random straight-line program on a vector, with much reuse."""
    steps = draw(
        st.lists(st.tuples(st.integers(0, 11), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=8)
    )

    def program(x):
        values = [x]
        for which, i, j in steps:
            a, b = values[i % len(values)], values[j % len(values)]
            values.append(UNARY[which](a) if which < 7 else BINARY[which - 7](a, b))
        return values[-1] * values[len(values) // 2]

    return program


vectors = st.lists(numbers, min_size=3, max_size=3).map(lambda v: torch.tensor(v, dtype=torch.float64))


@given(programs(), vectors, vectors, vectors, numbers)
@settings(max_examples=60, deadline=None)
def test_the_vjp_is_linear(program, x, u, v, factor):
    pull = func.vjp(program, x)[1]
    left = pull(u * factor + v)[0].numpy()
    right = factor * pull(u)[0].numpy() + pull(v)[0].numpy()
    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9)


@given(programs(), vectors, vectors, vectors)
@settings(max_examples=60, deadline=None)
def test_u_times_jt_is_ju_times_t(program, x, u, t):
    pushed = func.jvp(program, (x,), (t,))[1]
    pulled = func.vjp(program, x)[1](u)[0]
    np.testing.assert_allclose((u @ pushed).item(), (pulled @ t).item(), rtol=1e-9, atol=1e-9)


@given(programs(), vectors)
@settings(max_examples=30, deadline=None)
def test_the_sum_over_paths_is_the_jacobian(program, x):
    leaf = torch.tensor(x, requires_grad=True)
    y = program(leaf)
    total = sum(path.product for path in torch.paths(y, leaf))
    np.testing.assert_allclose(total, func.jacrev(program)(x).numpy(), rtol=1e-9, atol=1e-9)


@given(st.integers(0, 2**32 - 1), st.sampled_from(SMOOTH))
@settings(max_examples=20, deadline=None)
def test_gradients_of_random_networks_equal_finite_differences(seed, phi):
    rng = np.random.default_rng(seed)
    sizes = [3, *rng.integers(1, 5, size=rng.integers(1, 4)), 2]
    X, y = rng.standard_normal((4, 3)), torch.tensor(rng.standard_normal((4, 2)))
    shapes = [(n, m + 1) for m, n in pairwise(sizes)]
    flat = rng.standard_normal(sum(n * m for n, m in shapes)) * 0.5

    def loss(parameters):
        v, start = torch.tensor(X), 0
        for layer, (n, m) in enumerate(shapes):
            W = parameters[start : start + n * m].reshape(n, m)
            start += n * m
            z = torch.cat([v, torch.ones(4, 1)], 1) @ W.T
            v = phi(z) if layer + 1 < len(shapes) else z
        return torch.nn.functional.mse_loss(v, y)

    exact = func.grad(loss)(torch.tensor(flat)).numpy()
    numerical = np.asarray(jacobian(lambda p: np.atleast_1d(loss(torch.tensor(p)).item()), flat)).reshape(-1)
    assert np.linalg.norm(exact - numerical) <= 1e-7 * (np.linalg.norm(exact) + np.linalg.norm(numerical)) + 1e-12


@given(programs(), vectors)
@settings(max_examples=30, deadline=None)
def test_forward_and_reverse_mode_agree_and_hessians_are_symmetric(program, x):
    np.testing.assert_allclose(func.jacfwd(program)(x).numpy(), func.jacrev(program)(x).numpy(), rtol=1e-9, atol=1e-9)
    H = func.hessian(lambda v: (program(v) * torch.tensor([1.0, -2.0, 0.5])).sum())(x).numpy()
    np.testing.assert_allclose(H, H.T, rtol=1e-8, atol=1e-8)


@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0), st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_a_broadcast_operand_receives_the_sum_over_its_copies(shapes, seed):
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape) for shape in shapes.input_shapes]
    u = rng.standard_normal(shapes.result_shape)
    a, b = (torch.tensor(array, requires_grad=True) for array in arrays)
    (a * b + a).backward(u)
    whole = [torch.tensor(np.broadcast_to(x, u.shape).copy(), requires_grad=True) for x in arrays]
    (whole[0] * whole[1] + whole[0]).backward(u)
    for x, copies in zip((a, b), whole, strict=True):
        assert x.grad.shape == x.shape
        added = tuple(range(u.ndim - x.ndim))
        total = copies.grad.numpy().sum(added)
        stretched = tuple(i for i, n in enumerate(x.shape) if n == 1)
        np.testing.assert_allclose(x.grad.numpy(), total.sum(stretched, keepdims=True), rtol=1e-12, atol=1e-12)
