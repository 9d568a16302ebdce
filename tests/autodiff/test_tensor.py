"""Tensors behave, and print, as a PyTorch user expects."""

import copy
import pickle

import numpy as np
import pytest

from dlcalc import autodiff as torch

M = torch.arange(6.0).view(2, 3)


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (torch.tensor([16.0]), "tensor([16.])"),
        (torch.tensor(3.0, requires_grad=True), "tensor(3., requires_grad=True)"),
        (torch.tensor([1, 2, 3]), "tensor([1, 2, 3])"),
        (torch.tensor([True, False]), "tensor([ True, False])"),
        (torch.tensor([1.5, 2.25, -3.0]), "tensor([ 1.5000,  2.2500, -3.0000])"),
        (torch.tensor([1e-5, 1.0, 1000.0]), "tensor([1.0000e-05, 1.0000e+00, 1.0000e+03])"),
        (torch.tensor([1.0, 1e9]), "tensor([1.0000e+00, 1.0000e+09])"),
        (torch.tensor([0.0, 0.0]), "tensor([0., 0.])"),
        (torch.tensor([torch.nan, 1.0, torch.inf]), "tensor([nan, 1., inf])"),
        (torch.tensor([torch.nan, 1.5, -torch.inf]), "tensor([   nan, 1.5000,   -inf])"),
        (torch.tensor([[1.0, 2.5], [3.0, -4.0]]), "tensor([[ 1.0000,  2.5000],\n        [ 3.0000, -4.0000]])"),
        (torch.ones(2, dtype=torch.float32), "tensor([1., 1.], dtype=torch.float32)"),
        (torch.tensor([1, 2], dtype=torch.int32), "tensor([1, 2], dtype=torch.int32)"),
        (torch.zeros(0), "tensor([])"),
        (torch.zeros(0, 3), "tensor([], size=(0, 3))"),
        (torch.tensor([], dtype=torch.int64), "tensor([], dtype=torch.int64)"),
        (torch.zeros(2, 1, 2), "tensor([[[0., 0.]],\n\n        [[0., 0.]]])"),
        (torch.tensor(12345.678), "tensor(12345.6780)"),
        (torch.arange(2000), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"),
        (M.requires_grad_(False) * 1, "tensor([[0., 1., 2.],\n        [3., 4., 5.]])"),
        (torch.nn.Parameter(torch.ones(1)), "Parameter containing:\ntensor([1.], requires_grad=True)"),
    ],
)
def test_a_tensor_prints_as_in_pytorch(tensor, text):
    assert repr(tensor) == text


def test_long_tensors_are_wrapped_and_summarized():
    lines = repr(torch.arange(30.0) * 1.1).splitlines()
    assert lines[0] == "tensor([ 0.0000,  1.1000,  2.2000,  3.3000,  4.4000,  5.5000,  6.6000,  7.7000,"
    assert all(line.startswith("        ") for line in lines[1:])
    rows = repr(torch.zeros(30, 40)).splitlines()
    assert rows[0] == "tensor([[0., 0., 0.,  ..., 0., 0., 0.],"
    assert rows[3] == "        ...,"


def test_a_long_note_takes_a_line_of_its_own():
    x = torch.full((7,), 1.23456, requires_grad=True)
    text = repr(torch.nn.functional.mse_loss(x, torch.zeros(7)) * x)
    assert text.splitlines()[1] == "       grad_fn=<MulBackward0>)"


def test_grad_fn_has_pytorchs_names():
    x = torch.ones(2, 2, requires_grad=True)
    v = torch.ones(2, requires_grad=True)
    results = [
        x + 1,
        x**2,
        x**x,
        x @ x,
        x @ v,
        v @ v,
        x.sum(),
        x.sum(0),
        x.mean(),
        x.mean(1),
        x.view(4),
        x.log_softmax(0),
    ]
    names = ["Add0", "Pow0", "Pow1", "Mm0", "Mv0", "Dot0", "Sum0", "Sum1", "Mean0", "Mean1", "View0", "LogSoftmax0"]
    assert [y.grad_fn.name() for y in results] == [f"{name[:-1]}Backward{name[-1]}" for name in names]
    assert x.grad_fn is None
    y = x.exp().sum()
    y.backward()
    assert repr(y.grad_fn) == "<SumBackward0>"
    z = (v * v).sum() * v[0]
    z.backward()
    assert z.grad_fn.name() == "MulBackward0"


def test_shapes_and_dtypes_print_as_in_pytorch():
    assert repr(M.shape) == repr(M.size()) == "torch.Size([2, 3])"
    assert M.shape == (2, 3)
    assert M.shape.numel() == M.numel() == 6
    assert (M.size(1), M.dim(), M.ndim, len(M)) == (3, 2, 2, 2)
    assert repr(M.dtype) == "torch.float64"
    assert M.dtype is torch.float64
    assert M.dtype == np.float64
    assert torch.float32 != torch.float64
    assert {torch.float32: 1}[torch.float32] == 1
    assert torch.float32.is_floating_point
    assert not torch.long.is_floating_point


def test_data_keep_or_receive_their_dtype():
    assert torch.tensor([1.0]).dtype == torch.float64
    assert torch.tensor([1]).dtype == torch.int64
    assert torch.tensor([True]).dtype == torch.bool
    assert torch.tensor(np.ones(1, np.float32)).dtype == torch.float32
    assert torch.tensor(np.ones(1)).dtype == torch.float64
    assert torch.tensor(np.arange(2, dtype=np.int32)).dtype == torch.int32
    assert torch.tensor([torch.tensor(1.0), 2]).tolist() == [1, 2]
    assert torch.Tensor([1, 2]).dtype == torch.float64
    assert torch.Tensor(torch.ones(2)).tolist() == [1, 1]
    with pytest.raises(TypeError, match="real numbers"):
        torch.tensor("a")


def test_the_default_dtype_can_be_changed_and_back():
    torch.set_default_dtype(torch.float32)
    try:
        assert torch.get_default_dtype() == torch.float32
        assert torch.tensor([1.0]).dtype == torch.float32
        assert repr(torch.zeros(1)) == "tensor([0.])"
        assert torch.nn.Linear(2, 1).weight.dtype == torch.float32
    finally:
        torch.set_default_dtype(torch.float64)


def test_creation_follows_numpy():
    assert torch.zeros(2, 3).tolist() == torch.zeros((2, 3)).tolist() == torch.empty(2, 3).tolist() == [[0] * 3] * 2
    assert torch.ones([2]).tolist() == [1, 1]
    assert torch.full((2,), 7).dtype == torch.int64
    assert torch.full((2,), 7.0).dtype == torch.float64
    assert torch.full((2,), 7, dtype=torch.float32).dtype == torch.float32
    assert torch.eye(2, 3).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert torch.arange(3).dtype == torch.int64
    assert torch.arange(1, 2, 0.5).tolist() == [1, 1.5]
    assert torch.linspace(0, 1, 3).tolist() == [0, 0.5, 1]
    x = torch.arange(2)
    assert torch.zeros_like(x).dtype == torch.int64
    assert torch.ones_like(x, dtype=torch.float64).tolist() == [1, 1]
    assert torch.full_like(x, 4).tolist() == [4, 4]
    assert torch.zeros(2, requires_grad=True).requires_grad


def test_as_tensor_copies_only_where_it_must():
    array = np.ones(2)
    assert torch.as_tensor(array).numpy() is array
    x = torch.ones(2)
    assert torch.as_tensor(x) is x
    assert torch.as_tensor(x, torch.float32).dtype == torch.float32
    assert torch.as_tensor([1.0]).tolist() == [1]
    assert torch.from_numpy(array).numpy() is array
    copied = torch.tensor(array)
    array[0] = 5
    assert copied.tolist() == [1, 1]


def test_random_numbers_repeat_and_leave_numpys_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (what must not change)

    def draw():
        torch.manual_seed(3)
        draws = torch.randn(2), torch.rand(2, 2), torch.randint(0, 5, (9,)), torch.randint(5, (2,)), torch.randperm(5)
        return [x.tolist() for x in (*draws, torch.rand_like(draws[0]))]

    first = draw()
    assert draw() == first
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002 - the global state that must not change
    assert torch.randn(()).shape == ()
    assert torch.randn_like(torch.ones(3, dtype=torch.float32)).dtype == torch.float32
    assert sorted(torch.randperm(5).tolist()) == [0, 1, 2, 3, 4]


EQUALITIES = {
    "add": (M + 1, 1 + M),
    "sub": (2 - M, -(M - 2)),
    "div": (2 / (M + 1), 2 * (M + 1) ** -1),
    "pow": (2**M, torch.exp(M * np.log(2))),
    "floor": (M // 4, (M / 4).floor()),
    "mod": (M % 4, M - 4 * (M // 4)),
    "matmul": (M @ M.T, torch.einsum("ij,kj->ik", M, M)),
    "rmatmul": (np.eye(2) @ M, M),
    "array on the left": (np.ones(3) + M, M + np.ones(3)),
    "array on the right": (M * np.arange(3), np.arange(3) * M),
    "NumPy number": (np.float64(2) * M, M * 2),
    "NumPy function": (np.exp(M), M.exp()),
    "dot": (torch.dot(M[0], M[1]), (M[0] * M[1]).sum()),
    "mv": (torch.mv(M, M[0]), M @ M[0]),
    "outer": (torch.outer(M[0], M[1]), M[0].unsqueeze(1) * M[1].unsqueeze(0)),
    "diag of a vector": (torch.diag(M[1]), torch.eye(3) * M[1]),
    "diag of a matrix": (torch.diag(M), torch.tensor([0.0, 4.0])),
    "einsum sum": (torch.einsum("ij->", M), M.sum()),
    "einsum implicit": (torch.einsum("ij,j", M, M[0]), M @ M[0]),
    "einsum transpose": (torch.einsum("ij->ji", M), M.t()),
    "square": (M.square(), M**2),
    "transpose": (M.transpose(0, 1), M.mT),
    "permute": (M.permute(1, 0), M.permute((1, 0))),
    "flatten": (M.flatten(), M.reshape(-1)),
    "flatten a number": (torch.tensor(2.0).flatten(), torch.tensor([2.0])),
    "view": (M.view(3, 2), M.reshape((3, 2))),
    "squeeze": (M.unsqueeze(0).squeeze(), M),
    "squeeze one": (M.unsqueeze(-1).squeeze(-1), M),
    "squeeze none": (M.squeeze(0), M),
    "expand": (M[0].expand(2, -1), torch.stack([M[0], M[0]])),
    "none": (M[None, 0], M[:1]),
    "ellipsis": (M[..., 1], M[:, 1]),
    "list index": (M[[1, 0]], torch.stack([M[1], M[0]])),
    "tensor index": (M[torch.tensor([1, 0])], M[[1, 0]]),
    "mask": (M[M > 2], torch.tensor([3.0, 4.0, 5.0])),
    "var": (M.var(), ((M - M.mean()) ** 2).sum() / 5),
    "var biased": (M.var(unbiased=False), ((M - M.mean()) ** 2).mean()),
    "var correction": (M.var(1, correction=0), M.var(dim=1, unbiased=False)),
    "std": (M.std(1, keepdim=True), M.var(1).sqrt().unsqueeze(1)),
    "prod": (M.prod(0), M[0] * M[1]),
    "prod keepdim": (M.prod(1, keepdim=True), torch.tensor([[0.0], [60.0]])),
    "prod all": ((M + 1).prod(), torch.tensor(720.0)),
    "prod of a number": (torch.tensor(3.0).prod(0), torch.tensor(3.0)),
    "prod of nothing": (torch.zeros(0).prod(), torch.tensor(1.0)),
    "max": (M.max(), torch.tensor(5.0)),
    "min": (M.min(), torch.tensor(0.0)),
    "max of two": (torch.max(M, M * 0 + 2), M.clamp(min=2)),
    "min of two": (torch.min(M, M * 0 + 2), M.clamp(max=2)),
    "amin": (M.amin(1), M.min(1).values),
    "max keepdim": (M.max(1, keepdim=True).values, torch.tensor([[2.0], [5.0]])),
    "min dim": (M.min(dim=0).values, M[0]),
    "median dim": (M.median(1).values, M[:, 1]),
    "sort": ((-M).sort().values, torch.tensor([[-2.0, -1.0, 0.0], [-5.0, -4.0, -3.0]])),
    "sort descending": (M.sort(descending=True).values[:, 0], M[:, 2]),
    "norm 1": (M.norm(p=1), M.abs().sum()),
    "norm inf": (M.norm(torch.inf), M.max()),
    "norm dim": (M.norm(dim=1), (M * M).sum(1).sqrt()),
    "norm 3": (M.norm(3), (M**3).sum() ** (1 / 3)),
    "logsumexp": (M.logsumexp((0, 1)), torch.log(torch.exp(M).sum())),
    "softmax": (M.softmax(1), M.log_softmax(1).exp()),
    "sum of both": (M.sum((0, 1)), M.sum()),
    "where": (torch.where(M > 2, M, 0.0), M * (M > 2)),
    "clip": (M.clip(1, 2), M.clamp(min=1, max=2)),
    "erfc": (1 - torch.erf(M / 4), torch.erfc(M / 4)),
    "hyperbolic": (M.cosh() ** 2 - M.sinh() ** 2, torch.ones(2, 3)),
    "clone": (M.clone(), M),
    "data": (M.data, M),
    "cpu": (M.cpu().to("cpu"), M),
    "mean of a number": (torch.tensor(3.0).mean(0), torch.tensor(3.0)),
}


@pytest.mark.parametrize("name", EQUALITIES)
def test_two_ways_to_say_it_give_the_same(name):
    left, right = EQUALITIES[name]
    assert isinstance(left, torch.Tensor)
    assert left.shape == right.shape
    assert left.allclose(right)


def test_indices_of_extremes_are_the_first():
    x = torch.tensor([2.0, 5.0, 5.0, 1.0])
    assert x.max(0).indices.item() == 1
    assert x.argmax().item() == 1
    assert torch.argmin(x).item() == 3
    assert M.argmax(1).tolist() == [2, 2]
    assert M.argmax(dim=1, keepdim=True).tolist() == [[2], [2]]
    values, indices = M.max(0)
    assert (values.tolist(), indices.tolist()) == ([3, 4, 5], [1, 1, 1])
    assert torch.tensor([3.0, 1.0, 2.0]).argsort().tolist() == [1, 2, 0]
    assert x.median().item() == 2


def test_the_median_of_ties_shares_its_gradient():
    x = torch.tensor([1.0, 2.0, 2.0, 3.0], requires_grad=True)
    x.median().backward()
    assert x.grad.tolist() == [0, 0.5, 0.5, 0]


def test_comparisons_are_tensors_of_truth_values():
    assert (M > 2).dtype == torch.bool
    assert (~(M > 2)).tolist() == [[True, True, True], [False, False, False]]
    assert ((M > 1) & (M < 4)).sum().item() == 2
    assert ((M < 1) | (M >= 5)).tolist() == [[True, False, False], [False, False, True]]
    assert (M == 2).any()
    assert not (M != M).any()
    assert (M <= 5).all()
    assert M.isclose(M + 1e-12).all()
    assert M.equal(M.clone())
    assert torch.tensor([1.0, torch.nan]).isnan().tolist() == [False, True]
    assert torch.tensor([1.0, torch.inf]).isfinite().tolist() == [True, False]
    assert (M == "text") is False
    assert (np.ones(3) < M).tolist()[1] == [True] * 3
    x = torch.ones(1, requires_grad=True)
    assert not (x > 0).requires_grad


def test_numbers_come_out_as_python_numbers():
    assert torch.tensor(3).item() == int(torch.tensor(3.7)) == 3
    assert float(torch.tensor([2.5])) == 2.5
    assert [10, 20, 30][torch.tensor(1)] == 20
    assert f"{torch.tensor(3.14159):.2f}" == "3.14"
    assert f"{torch.tensor([1.0])}" == "tensor([1.])"
    assert bool(torch.tensor([1.0]))
    assert [x.item() for x in torch.arange(3)] == [0, 1, 2]
    assert sum(torch.ones(3)).item() == 3
    assert M.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: bool(M), RuntimeError, "ambiguous"),
        (M.item, RuntimeError, "6 elements"),
        (lambda: len(torch.tensor(1.0)), TypeError, "0-d"),
        (lambda: iter(torch.tensor(1.0)), TypeError, "0-d"),
        (lambda: M.sum(5), IndexError, r"expected to be in range of \[-2, 1\], but got 5"),
        (lambda: M.flatten(3), IndexError, "out of range"),
        (lambda: M.reshape(4, 2), RuntimeError, "reshape"),
        (lambda: M[7], IndexError, "out of bounds"),
        (lambda: M + "text", TypeError, "unsupported"),
        (lambda: "text" - M, TypeError, "unsupported"),
        (lambda: [1] @ M, TypeError, "unsupported"),
        (lambda: torch.einsum("ii->", torch.eye(2)), ValueError, "twice in 'ii'"),
        (lambda: torch.nonsense, AttributeError, "no attribute 'nonsense'"),
        (lambda: torch._nonsense, AttributeError, "no attribute '_nonsense'"),
        (torch.ones(2).retain_grad, RuntimeError, "retain_grad"),
        (torch.ones(2, requires_grad=True).numpy, RuntimeError, r"tensor.detach\(\).numpy\(\)"),
        (lambda: np.asarray(torch.ones(2, requires_grad=True)), RuntimeError, "detach"),
        (lambda: (torch.ones(2, requires_grad=True) * 2).requires_grad_(False), RuntimeError, "leaf variables"),
        (lambda: np.arctan(torch.ones(2, requires_grad=True)), TypeError, "NotImplemented"),
        (lambda: np.add(np.ones(2), torch.ones(2, requires_grad=True), out=np.ones(2)), TypeError, "NotImplemented"),
    ],
)
def test_errors_say_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_numpy_functions_without_a_rule_work_where_no_gradient_is_lost():
    assert np.arctan(torch.zeros(2)).tolist() == [0, 0]
    assert np.isnan(torch.zeros(1, requires_grad=True)).tolist() == [False]
    assert np.add.reduce(torch.ones(2, 3), axis=0).tolist() == [2, 2, 2]
    array = same = np.ones(2)
    array += torch.ones(2)
    assert array is same
    assert array.tolist() == [2, 2]
    with pytest.raises(TypeError, match="NotImplemented"):
        np.modf(torch.ones(2))


def test_memory_is_shared_where_pytorch_shares_it():
    x = torch.tensor([1.0, 2.0])
    x.view(2, 1)[0] = 5.0
    x.numpy()[1] = 7
    assert x.tolist() == [5, 7]
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    leaf.detach()[0] = 3.0
    leaf.data -= 1
    assert leaf.tolist() == [2, 1]
    number = torch.tensor(1.0, requires_grad=True)
    number.data.sub_(1.0)
    assert number.item() == 0
    x[x > 6] = 0
    x[:1] = torch.tensor([9.0])
    assert x.tolist() == [9, 0]
    y = torch.zeros(2)
    y.add_(torch.ones(2), alpha=3)
    y *= 2
    y /= 4
    assert y.mul_(2).div_(3).tolist() == [1, 1]


def test_conversions():
    x = torch.tensor([1.5, 0.0])
    assert x.to(torch.float64) is x
    assert x.float().dtype == x.type(torch.float32).dtype == torch.float32
    assert x.float().double().dtype == torch.double
    assert x.long().tolist() == [1, 0]
    assert x.int().dtype == torch.int
    assert x.bool().tolist() == [True, False]
    assert (x > 1).float().mean().item() == 0.5
    leaf = torch.ones(2, dtype=torch.float32, requires_grad=True)
    leaf.double().sum().backward()
    assert leaf.grad.dtype == torch.float32


def test_leaves_can_be_copied_and_pickled():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert y.tolist() == x.tolist()
        assert y.requires_grad
        assert y is not x


def test_recording_is_switched_off_and_on():
    x = torch.ones(1, requires_grad=True)
    with torch.no_grad():
        assert not torch.is_grad_enabled()
        assert not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
        with torch.set_grad_enabled(True):
            assert (x * 2).requires_grad
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    assert not (x * 2).requires_grad
    torch.set_grad_enabled(True)

    @torch.no_grad()
    def with_parentheses(v):
        return v * 2

    @torch.no_grad
    def without(v):
        return v * 2

    assert not with_parentheses(x).requires_grad
    assert not without(x).requires_grad
    assert without.__name__ == "without"
    assert (x * 2).requires_grad


def test_detach_leaves_the_graph():
    x = torch.ones(1, requires_grad=True)
    y = (x * 2).detach()
    assert not y.requires_grad
    assert y.is_leaf
    assert torch.is_tensor(y)
    assert not torch.is_tensor(1.0)


def test_autograd_grad_touches_no_grad():
    x, z = torch.tensor(2.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    y = x**3
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, [x], create_graph=True)
    assert (first.item(), second.item()) == (12, 12)
    assert torch.autograd.grad(second, x)[0].item() == 6
    assert x.grad is None
    h = x * 2
    assert torch.autograd.grad([h * h, h], h, [torch.tensor(1.0), torch.tensor(10.0)])[0].item() == 18
    assert torch.autograd.grad(h, x, retain_graph=True)[0].item() == 2
    assert torch.autograd.grad([h, h], x)[0].item() == 4
    assert torch.autograd.grad(x * 1, (x, z), allow_unused=True)[1] is None
    with pytest.raises(RuntimeError, match="allow_unused=True"):
        torch.autograd.grad(x * 1, z)
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.autograd.grad(x * 1, torch.ones(1))


def test_functions_are_methods():
    for name in ["exp", "log", "sum", "mean", "softmax", "reshape", "relu", "abs", "clamp"]:
        assert getattr(torch, name) is getattr(torch.Tensor, name)


def test_what_max_min_median_and_sort_return_prints_as_in_pytorch():
    told = "torch.return_types.max(\nvalues=tensor([2., 5.]),\nindices=tensor([2, 2]))"
    assert repr(M.max(1)) == told
    assert repr(M.sort()).startswith("torch.return_types.sort(\nvalues=tensor([[0., 1., 2.],")
    assert repr(torch.tensor(3.0).sort()).endswith("(\nvalues=tensor(3.),\nindices=tensor(0))")
    assert repr(torch.tensor(3.0).min(0)) == "torch.return_types.min(\nvalues=tensor(3.),\nindices=tensor(0))"


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda x: x[0], "Select"),
        (lambda x: x[:, 1:], "Slice"),
        (lambda x: x[None], "Unsqueeze"),
        (lambda x: x[...], "Alias"),
        (lambda x: x[x > 1], "Index"),
        (lambda x: x.unsqueeze(0), "Unsqueeze"),
        (lambda x: x.t(), "T"),
        (lambda x: x.T, "Permute"),
        (lambda x: x.transpose(0, 1), "Transpose"),
        (lambda x: x.clone(), "Clone"),
        (lambda x: x.float(), "ToCopy"),
        (lambda x: x.log1p(), "Log1P"),
        (lambda x: x.max(), "Max1"),
        (lambda x: x.max(0).values, "Max"),
        (lambda x: x.min(0, keepdim=True).values, "Min"),
        (lambda x: x.sort().values, "Sort"),
        (lambda x: x.clamp(0, 1), "Clamp1"),
        (lambda x: 1 - x, "Rsub1"),
        (lambda x: 2**x, "Pow2"),
        (lambda x: torch.stack([x, x]), "Stack"),
        (lambda x: torch.nn.functional.cross_entropy(x, torch.tensor([0, 1])), "NllLoss"),
    ],
)
def test_results_name_their_origin_as_in_pytorch(make, name):
    y = make(torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True))
    stem, variant = (name[:-1], name[-1]) if name[-1].isdigit() else (name, "0")
    assert repr(y).endswith(f"grad_fn=<{stem}Backward{variant}>)")


def test_a_number_stands_in_text_as_a_number():
    assert f"{torch.tensor(2.5)} {torch.tensor(2)}" == "2.5 2"
    assert f"loss {torch.tensor(0.25, requires_grad=True)}" == "loss 0.25"
    assert f"{torch.nn.Parameter(torch.tensor(1.0))}".startswith("Parameter containing:")


@pytest.mark.parametrize("operation", [lambda a, b: a + b, lambda a, b: b - a, lambda a, b: a * b, lambda a, b: b / a])
def test_float32_beside_whole_numbers_stays_float32(operation):
    x = torch.tensor([1.0, 2.0], dtype=torch.float32, requires_grad=True)
    y = operation(x, torch.arange(1, 3))
    assert y.dtype == torch.float32
    y.sum().backward()
    assert x.grad.dtype == torch.float32
    assert operation(x, torch.ones(2)).dtype == torch.float64


def test_whole_numbers_carry_no_gradient():
    x = torch.tensor([1.5], requires_grad=True)
    assert not any(y.requires_grad for y in (x.long(), x.int(), x.bool(), x.to(torch.uint8)))
    assert repr(x.to(torch.uint8)) == "tensor([1], dtype=torch.uint8)"
    assert torch.tensor([3, 1, 2]).median().dtype == torch.int64


def test_nothing_has_a_mean_of_nan_and_a_sum_of_zero():
    x = torch.zeros(0, 3, requires_grad=True)
    assert torch.isnan(x.mean()).item()
    assert torch.isnan(x.var()).item()
    x.mean().backward()
    assert x.grad.shape == (0, 3)
    assert x.sum().item() == 0
    assert M.sum(()).item() == M.sum().item() == 15


def test_numbers_divide_tensors_with_floor_and_remainder():
    assert (7 // torch.tensor([2.0, 3.0])).tolist() == [3, 2]
    assert (7 % torch.tensor([2.0, 3.0])).tolist() == [1, 1]


def test_a_dimension_moves_and_the_others_keep_their_order():
    x = torch.zeros(2, 3, 4)
    for source in range(-3, 3):
        for destination in range(-3, 3):
            expected = np.moveaxis(x.numpy(), source, destination).shape
            assert x.movedim(source, destination).shape == expected


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: M.eq(torch.ones(4)), RuntimeError, r"equal: shapes \(2, 3\) and \(4,\) do not fit together"),
        (lambda: M.unsqueeze(5), IndexError, r"range of \[-3, 2\], but got 5"),
        (lambda: M.argmax(2), IndexError, r"range of \[-2, 1\], but got 2"),
    ],
)
def test_wrong_shapes_and_dimensions_raise_what_pytorch_raises(call, error, words):
    with pytest.raises(error, match=words):
        call()
