import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlcalc import jacobians
from dlcalc.activations import ACTIVATIONS, sigmoid, softmax
from dlcalc.finite_differences import jacobian

RNG = np.random.default_rng(4)
W = RNG.standard_normal((2, 4))
z = np.array([0.5, -1.2, 2.0])
Z = RNG.standard_normal((5, 3))
EVERY = pytest.mark.parametrize("phi", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())

numbers = st.floats(-100, 100)


def matrices(rows, columns):
    return hnp.arrays(np.float64, (rows, columns), elements=numbers)


def test_the_jacobian_of_an_affine_map_is_its_matrix():
    v = np.append(z, 1)
    np.testing.assert_array_equal(jacobians.affine(W), W)
    np.testing.assert_allclose(jacobians.affine(W), jacobian(lambda v: W @ v, v), atol=1e-9)
    copy = jacobians.affine(W)
    copy[:] = 0
    assert W.any()


@EVERY
def test_the_jacobian_of_an_elementwise_function_is_diagonal(phi):
    for argument in (phi, phi.name):
        np.testing.assert_allclose(jacobians.elementwise(argument, z), np.diag(phi.derivative(z)), rtol=1e-14, atol=0)
    np.testing.assert_allclose(jacobians.elementwise(phi, z), jacobian(phi, z), atol=1e-9)


@EVERY
def test_the_bias_column_drops_out_of_a_layer(phi):
    def following(z):
        return W @ np.append(phi(z), 1)

    J = jacobians.layer(W, z, phi)
    assert J.shape == (2, 3)
    np.testing.assert_allclose(J, jacobian(following, z), atol=1e-8)
    np.testing.assert_allclose(J, jacobians.compose(W[:, :-1], jacobians.elementwise(phi, z)), rtol=1e-14)
    other_bias = np.column_stack([W[:, :-1], [7, 8]])
    np.testing.assert_array_equal(jacobians.layer(other_bias, z, phi.name), J)


def test_a_nan_stays_on_the_diagonal():
    J = jacobians.elementwise("tanh", [0.0, np.nan])
    assert np.isnan(J).tolist() == [[False, False], [False, True]]
    assert jacobians.affine_weights([np.inf, 1.0], 2)[0, 1].tolist() == [0, 0]


def test_the_jacobian_of_softmax_is_what_differences_find():
    np.testing.assert_allclose(jacobians.softmax(z), jacobian(softmax, z), atol=1e-10)


def test_a_batch_gives_one_jacobian_an_example():
    for function, shape in (
        (lambda z: jacobians.elementwise("tanh", z), (5, 3, 3)),
        (lambda z: jacobians.layer(W, z, "tanh"), (5, 2, 3)),
        (jacobians.softmax, (5, 3, 3)),
    ):
        batch = function(Z)
        assert batch.shape == shape
        for example, J in zip(Z, batch, strict=True):
            np.testing.assert_allclose(function(example), J, rtol=1e-14)
    assert jacobians.layer(W, np.zeros((0, 3)), "tanh").shape == (0, 2, 3)


def test_a_weight_moves_only_the_pre_activation_of_its_row():
    v = np.array([3.0, -1.0, 1.0])
    J = jacobians.affine_weights(v, 2)
    assert J.shape == (2, 2, 3)
    for k, i, j in np.ndindex(2, 2, 3):
        assert J[k, i, j] == (v[j] if k == i else 0)
    np.testing.assert_allclose(J, jacobian(lambda W: W @ v, np.ones((2, 3))), atol=1e-8)


def test_polar_coordinates_stretch_areas_by_r():
    x = np.array([2.0, 0.75])
    assert np.linalg.det(jacobians.polar(x)) == pytest.approx(2, rel=1e-14)
    np.testing.assert_allclose(jacobians.polar(x), jacobian(jacobians.polar_map, x), atol=1e-9)
    np.testing.assert_allclose(jacobians.polar([[2.0, 0.75]] * 3), [jacobians.polar(x)] * 3)
    assert jacobians.polar_map([[1.0, 0.0], [3.0, 0.0]]).tolist() == [[1, 0], [3, 0]]


def test_the_chain_rule_holds_for_a_network_of_two_layers():
    W2 = RNG.standard_normal((3, 3))

    def inner(z):
        return W @ np.append(sigmoid(z), 1)

    def outer(u):
        return W2 @ np.append(sigmoid(u), 1)

    J = jacobians.compose(jacobians.layer(W2, inner(z), "sigmoid"), jacobians.layer(W, z, "sigmoid"))
    np.testing.assert_allclose(J, jacobian(lambda z: outer(inner(z)), z), atol=1e-9)


@given(matrices(2, 3), matrices(3, 4), matrices(4, 2))
def test_composition_is_associative_and_the_identity_is_neutral(A, B, C):
    left = jacobians.compose(jacobians.compose(A, B), C)
    np.testing.assert_allclose(left, jacobians.compose(A, jacobians.compose(B, C)), atol=1e-7)
    np.testing.assert_array_equal(jacobians.compose(A, np.eye(3)), A)


@given(matrices(2, 3), hnp.arrays(np.float64, 2, elements=numbers), hnp.arrays(np.float64, 3, elements=numbers))
def test_vjp_and_jvp_are_each_others_adjoints(J, u, t):
    assert u @ jacobians.jvp(J, t) == pytest.approx(jacobians.vjp(u, J) @ t, abs=1e-6)
    np.testing.assert_allclose(jacobians.vjp(u, J), u @ J, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(jacobians.jvp(J, t), J @ t, rtol=1e-12, atol=1e-9)


def test_products_take_batches_on_either_side_or_on_both():
    J, u, t = RNG.standard_normal((5, 2, 3)), RNG.standard_normal((5, 2)), RNG.standard_normal((5, 3))
    np.testing.assert_allclose(jacobians.vjp(u, J), np.einsum("bm,bmn->bn", u, J))
    np.testing.assert_allclose(jacobians.jvp(J, t), np.einsum("bmn,bn->bm", J, t))
    np.testing.assert_allclose(jacobians.vjp(u, J[0]), u @ J[0])
    np.testing.assert_allclose(jacobians.vjp(u[0], J), np.einsum("m,bmn->bn", u[0], J))
    np.testing.assert_allclose(jacobians.jvp(J[0], t), t @ J[0].T)
    np.testing.assert_allclose(jacobians.compose(J, np.ones((3, 1))), J @ np.ones((3, 1)))


def test_float32_is_kept():
    W32, z32 = W.astype(np.float32), z.astype(np.float32)
    for J in (
        jacobians.affine(W32),
        jacobians.layer(W32, z32, "relu"),
        jacobians.elementwise("relu", z32),
        jacobians.softmax(z32),
        jacobians.affine_weights(z32, 2),
        jacobians.polar(z32[:2]),
    ):
        assert J.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jacobians.affine(z), r"W must be a matrix of shape \(m, n \+ 1\), not of shape \(3,\)"),
        (lambda: jacobians.layer(W, z[:2], "relu"), "W has 4 columns, so z needs 3 entries, not 2 .the last column"),
        (lambda: jacobians.layer(W, z, "rel"), "unknown activation 'rel': did you mean 'relu'"),
        (
            lambda: jacobians.elementwise("relu", 1.0),
            r"z must have the shape \(n,\), or \(B, n\) for a batch, not \(\)",
        ),
        (lambda: jacobians.softmax(np.ones((1, 2, 3))), r"z must have the shape .* not \(1, 2, 3\)"),
        (lambda: jacobians.affine_weights(Z, 2), r"v must be a vector of shape \(n,\), not of shape \(5, 3\)"),
        (lambda: jacobians.polar(z), r"x must have the shape \(2,\), or \(B, 2\) for a batch, not \(3,\)"),
        (lambda: jacobians.compose(W, W), "J_outer has 4 columns, .* but J_inner has 2 rows"),
        (lambda: jacobians.compose(z, W), r"J_outer must have the shape \(m, n\), or \(B, m, n\)"),
        (
            lambda: jacobians.compose(np.ones((2, 2, 2)), np.ones((3, 2, 2))),
            "J_outer is a batch of 2 and J_inner one of 3",
        ),
        (lambda: jacobians.vjp(z, W), "y_bar has 3 entries, but J has 2 rows"),
        (lambda: jacobians.vjp(np.ones((3, 2)), np.ones((4, 2, 5))), "y_bar is a batch of 3 and J one of 4"),
        (lambda: jacobians.jvp(W, z), "x_dot has 3 entries, but J has 4 columns"),
        (lambda: jacobians.jvp(np.ones((4, 2, 5)), np.ones((3, 5))), "J is a batch of 4 and x_dot one of 3"),
    ],
)
def test_what_does_not_fit_is_refused_in_numbers(call, message):
    with pytest.raises(ValueError, match=message):
        call()
