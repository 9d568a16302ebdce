"""The computation graph as plain data."""

from pathlib import Path

import numpy as np
import pytest

from dlcalc import autodiff as torch


def lecture():
    x = torch.tensor(3.0, requires_grad=True)
    y = torch.tensor(-1.0, requires_grad=True)
    f = x * (x + y) ** 2
    return x, y, f


def test_nodes_tell_operation_value_and_gradient():
    _, _, f = lecture()
    nodes = torch.graph(f).nodes
    told = [(node.operation, float(node.value), float(node.gradient)) for node in nodes]
    assert told == [("leaf", 3, 16), ("leaf", -1, 12), ("add", 2, 12), ("pow", 4, 3), ("mul", 12, 1)]
    assert [node.index for node in nodes] == [0, 1, 2, 3, 4]
    assert nodes[3].saved == (2.0, 2)


def test_nodes_tell_their_source_line():
    _, _, f = lecture()
    for node in torch.graph(f).nodes[2:]:
        assert Path(node.file).name == Path(__file__).name
        assert node.source == "f = x * (x + y) ** 2"
        assert Path(__file__).read_text("utf-8").splitlines()[node.line - 1].strip() == node.source
    assert torch.graph(f).nodes[0].source == ""


def test_methods_with_arguments_tell_the_line_that_called_them():
    x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    y = x.flatten(0, 1).sum(0)
    assert {node.source for node in torch.graph(y).nodes[1:]} == {"y = x.flatten(0, 1).sum(0)"}


def test_code_without_a_file_has_an_empty_line():
    space = {"x": torch.ones(1, requires_grad=True)}
    exec("y = x * 2", space)
    assert torch.graph(space["y"]).nodes[-1].source == ""


def test_edges_carry_local_derivatives():
    _, _, f = lecture()
    edges = [(edge.start, edge.end, float(edge.derivative)) for edge in torch.graph(f).edges]
    assert sorted(edges) == [(0, 2, 1), (0, 4, 4), (1, 2, 1), (2, 3, 4), (3, 4, 3)]


def test_the_graph_is_left_as_it_was():
    x, y, f = lecture()
    torch.graph(f)
    assert x.grad is None
    f.backward()
    assert (x.grad.item(), y.grad.item()) == (16, 12)
    with pytest.raises(RuntimeError, match="second time"):
        torch.graph(f)


def test_paths_multiply_and_their_sum_is_the_gradient():
    x, y, f = lecture()
    assert sorted(float(path.product) for path in torch.paths(f, x)) == [4, 12]
    assert [float(path.product) for path in torch.paths(f, y)] == [12]
    assert sorted(path.nodes for path in torch.paths(f, x)) == [(0, 2, 3, 4), (0, 4)]


def test_an_input_used_twice_has_two_edges_and_two_paths():
    x = torch.tensor(3.0, requires_grad=True)
    f = x * x
    assert len(torch.graph(f).edges) == 2
    assert [float(path.product) for path in torch.paths(f, x)] == [3, 3]


def test_constants_are_nodes_without_gradient():
    x, data = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0])
    nodes = torch.graph((x * data).sum()).nodes
    assert [node.requires_grad for node in nodes] == [True, False, True, True]
    assert nodes[1].gradient is None
    assert torch.graph(data).nodes[0].operation == "leaf"
    assert torch.graph(data).nodes[0].gradient is None


def test_mere_numbers_on_the_left_have_no_edge():
    x = torch.tensor(2.0, requires_grad=True)
    graph = torch.graph(1 / x)
    assert len(graph.edges) == 1
    assert float(graph.edges[0].derivative) == -0.25


def test_jacobians_of_vector_nodes_multiply_along_paths():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    A = torch.tensor([[1.0, 0.0, 2.0], [0.5, -1.0, 0.0]])
    y = torch.tanh(A @ (x * x.sum()))
    products = [path.product for path in torch.paths(y, x)]
    assert [product.shape for product in products] == [(2, 3), (2, 3)]
    J = torch.func.jacrev(lambda x: torch.tanh(A @ (x * x.sum())))(x.detach()).numpy()
    np.testing.assert_allclose(sum(products), J, rtol=1e-12, atol=1e-15)


def test_a_leaf_is_a_path_to_itself():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (path,) = torch.paths(x, x)
    np.testing.assert_array_equal(path.product, np.eye(2))
    with pytest.raises(ValueError, match="does not depend"):
        torch.paths(x * 1, torch.ones(1))
