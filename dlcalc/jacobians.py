"""Jacobians J = ∂f/∂x of the maps a network is made of: row = output, column = input.

>>> import numpy as np
>>> from dlcalc import jacobians
>>> W, z = np.array([[1.0, 2.0, 5.0]]), np.array([3.0, -1.0])
>>> jacobians.layer(W, z, "relu")
array([[1., 0.]])
>>> jacobians.compose(W[:, :-1], jacobians.elementwise("relu", z))
array([[1., 0.]])

A batch z of shape (B, n) gives one Jacobian an example, of shape (B, m, n); composition and products take such batches.

References
----------
Parr & Howard, The Matrix Calculus You Need For Deep Learning, arXiv 1802.01528, §4.1 Jacobian, §4.2 elementwise, §4.5
chain rules.
"""

import numpy as np
from numpy.typing import ArrayLike

from dlcalc import _few_calls
from dlcalc.activations import Activation, activation, softmax_jacobian
from dlcalc.typing import Array, as_floating


def affine(W: ArrayLike) -> Array:
    """J = W for z(v) = W v, where v = [φ(z); 1] and the last column of W is the bias.

    Parameters
    ----------
    W : array_like of shape (m, n + 1)

    Returns
    -------
    ndarray of shape (m, n + 1)
        A copy of W: with respect to v, the bias node is an input like any other.

    Raises
    ------
    ValueError
        If W is not a matrix.
    """
    return _matrix(W, "W").copy()


def elementwise(phi: str | Activation, z: ArrayLike) -> Array:
    """J = diag(φ′(z)) for φ applied entry by entry.

    Parameters
    ----------
    phi : Activation, or the name of one
    z : array_like of shape (n,) or (B, n)

    Returns
    -------
    ndarray of shape (n, n) or (B, n, n)

    Raises
    ------
    ValueError
        If no activation has that name, or z is neither a vector nor a batch of vectors.
    """
    slopes = _slopes(phi, _vectors(z, "z"))
    n = slopes.shape[-1]
    J = np.zeros((*slopes.shape, n), dtype=slopes.dtype)
    # Set, not multiplied by an identity matrix: 0 · nan would spread a nan over its row.
    diagonal = J.reshape(*slopes.shape[:-1], n * n)[..., :: n + 1]
    diagonal[...] = slopes
    return J


def layer(W: ArrayLike, z: ArrayLike, phi: str | Activation) -> Array:
    """∂z⁽ˡ⁺¹⁾/∂z⁽ˡ⁾ = W̄ diag(φ′(z)): the bias column of W drops out.

    Parameters
    ----------
    W : array_like of shape (m, n + 1)
        The matrix of the *next* layer, bias last: z⁽ˡ⁺¹⁾ = W [φ(z⁽ˡ⁾); 1].
    z : array_like of shape (n,) or (B, n)
        Pre-activations z⁽ˡ⁾.
    phi : Activation, or the name of one

    Returns
    -------
    ndarray of shape (m, n) or (B, m, n)

    Raises
    ------
    ValueError
        If W does not have one column more than z has entries, or no activation has that name.
    """
    W, z = _matrix(W, "W"), _vectors(z, "z")
    if W.shape[1] != z.shape[-1] + 1:
        message = (
            f"W has {W.shape[1]} columns, so z needs {W.shape[1] - 1} entries, not {z.shape[-1]} "
            "(the last column is the bias)"
        )
        raise ValueError(message)
    slopes = _slopes(phi, z)
    # Multiplying by a diagonal matrix from the right scales the columns.
    return W[:, :-1] * (slopes if z.ndim == 1 else slopes[:, np.newaxis, :])


def softmax(z: ArrayLike) -> Array:
    """J = diag(p) - p pᵀ with p = softmax(z): (n,) gives (n, n), (B, n) gives (B, n, n)."""
    return softmax_jacobian(_vectors(z, "z"))


def affine_weights(v: ArrayLike, n_outputs: int) -> Array:
    """∂z_k/∂W_ij = [k = i] v_j for z = W v.

    Parameters
    ----------
    v : array_like of shape (n,)
        With its bias node, if there is one.
    n_outputs : int
        The number m of rows of W.

    Returns
    -------
    ndarray of shape (m, m, n)
        Indexed [k, i, j].

    Raises
    ------
    ValueError
        If v is not a vector.
    """
    v = as_floating(v, "v")
    if v.ndim != 1:
        message = f"v must be a vector of shape (n,), not of shape {v.shape}"
        raise ValueError(message)
    J = np.zeros((n_outputs, n_outputs, v.size), dtype=v.dtype)
    J[range(n_outputs), range(n_outputs)] = v
    return J


def polar_map(x: ArrayLike) -> Array:
    """(r cos θ, r sin θ) for x = (r, θ), or for every row of x."""
    r, theta = np.moveaxis(_vectors(x, "x", n=2), -1, 0)
    return np.stack([r * np.cos(theta), r * np.sin(theta)], axis=-1)


def polar(x: ArrayLike) -> Array:
    """The Jacobian of `polar_map`, of shape (2, 2) or (B, 2, 2); its determinant is r."""
    r, theta = np.moveaxis(_vectors(x, "x", n=2), -1, 0)
    sine, cosine = np.sin(theta), np.cos(theta)
    return np.stack([np.stack([cosine, -r * sine], axis=-1), np.stack([sine, r * cosine], axis=-1)], axis=-2)


def compose(J_outer: ArrayLike, J_inner: ArrayLike) -> Array:
    """J_{g∘f} = J_g J_f, the chain rule.

    Parameters
    ----------
    J_outer : array_like of shape (p, m) or (B, p, m)
        J_g, taken at f(x).
    J_inner : array_like of shape (m, n) or (B, m, n)
        J_f, taken at x.

    Returns
    -------
    ndarray of shape (p, n) or (B, p, n)

    Raises
    ------
    ValueError
        If J_outer does not have as many columns as J_inner has rows, or the batches differ in size.
    """
    J_outer, J_inner = _jacobians(J_outer, "J_outer"), _jacobians(J_inner, "J_inner")
    if J_outer.shape[-1] != J_inner.shape[-2]:
        message = (
            f"J_outer has {J_outer.shape[-1]} columns, one for each input of the outer map, but J_inner has "
            f"{J_inner.shape[-2]} rows, one for each output of the inner map"
        )
        raise ValueError(message)
    if J_outer.ndim == J_inner.ndim == 2 and J_inner.flags.c_contiguous:
        # The same product by a shorter way, which copies matrices that are not contiguous.
        return J_outer.dot(J_inner)
    _require_one_batch(J_outer.shape[:-2], J_inner.shape[:-2], "J_outer", "J_inner")
    return J_outer @ J_inner


def vjp(y_bar: ArrayLike, J: ArrayLike) -> Array:
    """The vector-Jacobian product x̄ᵀ = ȳᵀ J: (m,) and (m, n) give (n,); (B, m) and (B, m, n) give (B, n).

    Raises
    ------
    ValueError
        If y_bar does not have as many entries as J has rows, or the batches differ in size.
    """
    y_bar, J = _vectors(y_bar, "y_bar"), _jacobians(J, "J")
    if y_bar.shape[-1] != J.shape[-2]:
        message = f"y_bar has {y_bar.shape[-1]} entries, but J has {J.shape[-2]} rows, one for each output"
        raise ValueError(message)
    _require_one_batch(y_bar.shape[:-1], J.shape[:-2], "y_bar", "J")
    return (y_bar[..., np.newaxis, :] @ J)[..., 0, :]


def jvp(J: ArrayLike, x_dot: ArrayLike) -> Array:
    """The Jacobian-vector product ẏ = J ẋ: (m, n) and (n,) give (m,); (B, m, n) and (B, n) give (B, m).

    Raises
    ------
    ValueError
        If x_dot does not have as many entries as J has columns, or the batches differ in size.
    """
    J, x_dot = _jacobians(J, "J"), _vectors(x_dot, "x_dot")
    if x_dot.shape[-1] != J.shape[-1]:
        message = f"x_dot has {x_dot.shape[-1]} entries, but J has {J.shape[-1]} columns, one for each input"
        raise ValueError(message)
    _require_one_batch(J.shape[:-2], x_dot.shape[:-1], "J", "x_dot")
    return (J @ x_dot[..., np.newaxis])[..., 0]


def _slopes(phi: str | Activation, z: Array) -> Array:
    """φ′(z), as `Activation.derivative` has it."""
    phi = activation(phi)
    return _few_calls.derivative(phi.first, phi.derivative, z)


def _matrix(W: ArrayLike, name: str) -> Array:
    W = as_floating(W, name)
    if W.ndim != 2:
        message = f"{name} must be a matrix of shape (m, n + 1), not of shape {W.shape}"
        raise ValueError(message)
    return W


def _vectors(z: ArrayLike, name: str, n: int | None = None) -> Array:
    z = as_floating(z, name)
    if not 1 <= z.ndim <= 2 or (n is not None and z.shape[-1] != n):
        width = "n" if n is None else n
        message = f"{name} must have the shape ({width},), or (B, {width}) for a batch, not {z.shape}"
        raise ValueError(message)
    return z


def _jacobians(J: ArrayLike, name: str) -> Array:
    J = as_floating(J, name)
    if J.ndim not in (2, 3):
        message = f"{name} must have the shape (m, n), or (B, m, n) for a batch, not {J.shape}"
        raise ValueError(message)
    return J


def _require_one_batch(left: tuple[int, ...], right: tuple[int, ...], left_name: str, right_name: str) -> None:
    """Two batches must have the same size; a single Jacobian or vector goes with any batch."""
    if left and right and left != right:
        message = f"{left_name} is a batch of {left[0]} and {right_name} one of {right[0]}"
        raise ValueError(message)
