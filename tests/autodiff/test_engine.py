"""The engine: order, freedom from recursion and cycles, memory, and what it refuses to do."""

import gc
import threading
import warnings
import weakref

import numpy as np
import pytest

from dlcalc import autodiff as torch
from dlcalc.autodiff.primitives import Primitive
from dlcalc.autodiff.tensor import apply


def counted(visits):
    """y = 2x, noting each visit of its rule."""

    def rule(y_bar, y, x):
        visits.append(float(y_bar))
        return 2 * y_bar

    return Primitive("double", lambda x: 2 * x, (rule,), (rule,))


def test_a_node_is_visited_once_after_all_its_consumers():
    visits = []
    x = torch.tensor(1.0, requires_grad=True)
    y = apply(counted(visits), (x,), (x.value,), True)
    z = y * 3 + y * y + y.exp() * 0 + y
    z.backward()
    assert visits == [3 + 2 * 2 + 1]
    assert x.grad.item() == 16


def test_a_ladder_of_diamonds_is_walked_in_linear_time():
    x = torch.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(200):  # 2²⁰⁰ paths
        y = (y + y) * 0.5
    y.backward()
    assert x.grad.item() == 1


def test_an_input_used_twice_receives_both_derivatives():
    x = torch.tensor([3.0], requires_grad=True)
    (x * x).backward()
    assert x.grad.item() == 6


@pytest.mark.parametrize("operation", [lambda y, x: y * 1.000001, lambda y, x: y + x])
@pytest.mark.parametrize("backward", [True, False])
def test_a_hundred_thousand_chained_operations_work_and_are_freed(operation, backward):
    x = torch.tensor(1.0, requires_grad=True)
    y = x
    gc.collect()
    gc.disable()
    try:
        for _ in range(100_000):
            y = operation(y, x)
        middle = weakref.ref(y)
        if backward:
            y.backward()
            assert x.grad.item() == pytest.approx(y.item())
        del y
        assert middle() is None
    finally:
        gc.enable()


def test_a_million_chained_operations_work_forward_and_backward():
    x = torch.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y * 1.000001
    y.backward()
    assert x.grad.item() == pytest.approx(np.e, rel=1e-5)


def test_a_graph_is_freed_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        inner = x.exp()
        dead = [weakref.ref(inner)]
        loss = (inner * x).sum()
        dead.append(weakref.ref(loss))
        loss.backward()
        del inner, loss
        assert [ref() for ref in dead] == [None, None]
        function = torch.func.hessian(lambda v: (v**3).sum())
        result = function(torch.tensor([1.0, 2.0]))
        dead = weakref.ref(result)
        del result
        assert dead() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_backward_frees_the_saved_values_while_the_loss_lives():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    inner = x.exp()
    dead = weakref.ref(inner)
    loss = (inner * inner).sum()
    del inner
    loss.backward()
    assert dead() is None


def test_adjoints_are_not_kept_on_inner_nodes_unless_asked():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y, z = x * 2, x * 3
    z.retain_grad()
    x.retain_grad()
    (y * z).sum().backward()
    assert y.grad is None
    assert z.grad.tolist() == [2, 4]


def test_gradients_of_several_leaves_do_not_share_memory():
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    b = torch.tensor([3.0, 4.0], requires_grad=True)
    seed = torch.ones(2)
    (a + b).backward(seed)
    a.grad.add_(10)
    assert b.grad.tolist() == seed.tolist() == [1, 1]
    c = torch.ones(2, 1, requires_grad=True)
    y = c.reshape(2)
    y.retain_grad()
    y.backward(seed)
    c.grad.add_(10)
    assert y.grad.tolist() == seed.tolist() == [1, 1]


def test_a_leaf_can_be_its_own_root():
    x = torch.tensor(2.0, requires_grad=True)
    x.backward()
    x.backward()
    assert x.grad.item() == 2


def test_a_second_backward_says_what_to_do():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4, 8]
    with pytest.raises(RuntimeError, match=r"backward through the graph a second time.*retain_graph=True"):
        y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(y, x)
    with pytest.raises(RuntimeError, match="second time"):
        (y * 2).backward()


def test_what_saved_nothing_can_be_walked_again():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2, 2]


def test_a_multiple_is_a_stem_of_several_losses():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 2 / 4
    h.sum().backward()
    (h * h).sum().backward()
    assert x.grad.tolist() == [1, 1.5]
    y = (x * 3).sum()
    with torch.no_grad():
        x += 1
    y.backward()
    assert x.grad.tolist() == [4, 4.5]


def test_backward_of_many_numbers_asks_for_a_cotangent():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"only for scalar outputs, not for shape \(2,\)"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match=r"Mismatch in shape: gradient has \(3,\)"):
        (x * 2).backward(torch.ones(3))
    (x * 2).backward(np.array([1.0, 10.0]))
    assert x.grad.tolist() == [2, 20]


def test_backward_without_a_graph_says_so():
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.ones(1).backward()


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.__iadd__(1),
        lambda x: x.add_(1),
        lambda x: x.sub_(x),
        lambda x: x.zero_(),
        lambda x: x.fill_(1),
        lambda x: x.copy_(torch.ones(2)),
        lambda x: x.__setitem__(0, 9.0),
    ],
)
def test_a_leaf_that_requires_grad_is_not_changed_in_place(change):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"leaf Variable that requires grad.*no_grad"):
        change(x)
    with torch.no_grad():
        change(x)
    assert x.tolist() != [1, 2]
    assert x.is_leaf
    assert x.requires_grad


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (lambda w, x: w * x, lambda w, x, y: x.add_(1)),
        (lambda w, x: w * x, lambda w, x, y: w.add_(1)),
        (lambda w, x: w.exp(), lambda w, x, y: y.zero_()),
        (lambda w, x: w.exp(), lambda w, x, y: y.detach().zero_()),
        (lambda w, x: w * x[:1], lambda w, x, y: x.__setitem__(0, 9.0)),
        (lambda w, x: torch.nn.functional.linear(x, w.reshape(1, 2)), lambda w, x, y: w.data.sub_(1)),
    ],
)
def test_a_saved_value_changed_in_place_is_noticed(make, change):
    w, x = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0])
    y = make(w, x)
    z = (y * 1).sum()
    with torch.no_grad():
        change(w, x, y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def test_a_changed_number_is_noticed_too():
    w = torch.tensor(2.0, requires_grad=True)
    y = w * w
    with torch.no_grad():
        w -= 1
    assert w.item() == 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_changing_what_no_rule_needs_is_allowed():
    w, x = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0])
    y = (w + x).sum()
    x += 1
    y.backward()
    assert w.grad.tolist() == [1, 1]


def test_changing_a_result_makes_a_new_tensor():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = before = x.exp()
    y += 1
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1, 2]))
    np.testing.assert_allclose(before.detach().numpy(), np.exp([1, 2]))
    total = torch.zeros(2)
    total += x * 2
    assert total.requires_grad


def test_an_entry_is_not_set_where_gradients_flow():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="stack, cat or where"):
        torch.zeros(2)[0] = x[0]
    y = x * 2
    with pytest.raises(RuntimeError, match="stack, cat or where"):
        y[0] = 1.0


def test_integers_cannot_require_grad():
    with pytest.raises(RuntimeError, match=r"floating point dtype can require gradients, not torch.int64"):
        torch.tensor([1, 2], requires_grad=True)
    x = torch.arange(3)
    with pytest.raises(RuntimeError, match="floating point"):
        x.requires_grad = True
    x.requires_grad = False


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(RuntimeError, match=r"add: shapes \(2, 3\) and \(4,\) do not fit together"):
        torch.ones(2, 3) + torch.ones(4)
    with pytest.raises(RuntimeError, match=r"matmul: shapes \(2, 3\) and \(4, 5\) do not fit together"):
        torch.ones(2, 3) @ torch.ones(4, 5)


def test_an_error_in_a_rule_is_passed_on_once():
    visits = []

    def rule(y_bar, y, x):
        visits.append(1)
        message = "broken rule"
        raise RuntimeError(message)

    x = torch.tensor(1.0, requires_grad=True)
    y = apply(Primitive("broken", np.negative, (rule,), ()), (x,), (x.value,), True)
    with pytest.raises(RuntimeError, match="broken rule"):
        y.backward()
    assert visits == [1]
    assert torch.is_grad_enabled()


def test_several_threads_compute_at_once():
    slow = Primitive("slow", lambda x: (inside.set(), leave.wait(10), np.log(x))[2], (lambda y_bar, y, x: y_bar,), ())
    inside, leave = threading.Event(), threading.Event()
    x = torch.tensor(0.0, requires_grad=True)
    results = []
    other = threading.Thread(target=lambda: results.append(apply(slow, (x,), (x.value,), True)))
    other.start()
    assert inside.wait(10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = x.log()
    leave.set()
    other.join()
    assert y.item() == results[0].item() == -np.inf


def test_backward_in_two_threads_at_once():
    inside, leave = threading.Event(), threading.Event()

    def rule(y_bar, y, x):
        inside.set()
        leave.wait(10)
        return y_bar

    x, w = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    slow = apply(Primitive("slow", np.negative, (rule,), ()), (x,), (x.value,), True)
    other = threading.Thread(target=slow.backward)
    other.start()
    assert inside.wait(10)
    w.sqrt().backward()
    leave.set()
    other.join()
    assert w.grad.item() == np.inf
    assert x.grad.item() == 1


def test_numpys_error_state_is_left_alone():
    with np.errstate(all="warn"):
        before = np.geterr()
        x = torch.tensor([0.0], requires_grad=True)
        (x.log() * x).backward()
        assert np.geterr() == before
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            np.log(np.zeros(1))


def test_a_float32_leaf_has_a_float32_gradient():
    x = torch.tensor([1.0, 2.0], dtype=torch.float32, requires_grad=True)
    (x * np.array([1.0, 2.0])).sum().backward()
    assert x.grad.dtype == torch.float32
    (x * 2.5).sum().backward()
    assert x.grad.dtype == torch.float32
    assert x.grad.tolist() == [3.5, 4.5]


def test_create_graph_leaves_gradients_that_can_be_differentiated():
    x = torch.tensor(2.0, requires_grad=True)
    y = x**3
    y.backward(create_graph=True)
    y.backward(create_graph=True)
    assert x.grad.item() == 24
    second = torch.autograd.grad(x.grad, x)[0]
    assert second.item() == 2 * 6 * 2
