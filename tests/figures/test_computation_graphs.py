"""The tape: what stands in the nodes, what is lit, and that any graph can be drawn."""

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.patches import Circle, FancyBboxPatch
from pictures import blank_figure, collisions, outside, texts

from dlcalc import autodiff as torch
from dlcalc.exercises.lessons.lesson09 import backward, topological_order
from dlcalc.figures import tape_in_steps, theme
from dlcalc.figures.computation_graphs import SIZE
from dlcalc.figures.graph_drawing import cached_layout, ports
from dlcalc.figures.notation import plain, short, symbol
from dlcalc.figures.tape_states import TapeState, source_line
from dlcalc.tape_comparison import follow
from dlcalc.tape_nodes import Add, Mul, Node, apply
from dlcalc.tape_programs import EXAMPLES, run
from dlcalc.tape_recording import from_graph

every_example = pytest.mark.parametrize("example", EXAMPLES)


def drawn(**parameters):
    figure = blank_figure(SIZE)
    return figure, tape_in_steps(figure, **parameters)


def words(figure):
    return [plain(text.get_text()) for text in texts(figure)]


def lit_chips(figure):
    patches = figure.findobj(FancyBboxPatch)
    return [patch for patch in patches if same_color(patch.get_facecolor(), theme.HIGHLIGHT.tint)]


def test_the_last_step_shows_the_gradients_of_the_lecture():
    figure, drawing = drawn()
    assert {"x = 3", "∂f/∂x = 16", "∂f/∂y = 12", "f = 12"} <= set(words(figure))
    assert drawing.data["gradients"] == [16, 12, 12, 3, 1]
    assert "∂f/∂x = 16, ∂f/∂y = 12" in drawing.description


def test_a_chip_too_narrow_for_a_fraction_shows_the_cotangent_with_its_bar():
    def program(Mul):
        return apply(Mul(), lectures_program(Mul), Node(2.0, name="w2"), name="out")

    figure, found = blank_figure(SIZE), follow(backward, program)
    tape_in_steps(figure, tape=found.tape, steps=found.steps, step=found.last)
    shown = {text.get_text() for text in texts(figure)}
    assert {r"$\overline{x}$ = 32", r"$\overline{w_{2}}$ = 12", r"$\overline{\mathrm{out}}$ = 1"} <= shown


def test_before_the_first_step_there_are_names_but_no_numbers():
    figure, drawing = drawn(step=0)
    assert not [text for text in words(figure) if "∂" in text and "=" in text]
    assert drawing.data["gradients"] == [None] * 5
    assert lit_chips(figure) == []


@every_example
def test_every_step_lights_one_node_one_line_and_its_edges(example):
    last = TapeState(run(EXAMPLES[example], x=3, y=-1), 0).last
    for step in range(1, last + 1):
        figure, drawing = drawn(example=example, step=step)
        assert len(lit_chips(figure)) == 1
        assert words(figure).count("▸") == 1
        assert drawing.data["step"] == step
    assert drawn(example=example, step=last + 5)[1].data == drawing.data


def test_an_overwritten_share_is_lost_and_said_so():
    figure, drawing = drawn(step=10, accumulate=False)
    assert "overwrites 4" in drawing.data["sentence"]
    assert drawing.data["gradients"][0] == 12
    assert any("overwrite" in text for text in words(figure))


def lectures_program(Mul):
    x, y = Node(3.0, name="x"), Node(-1.0, name="y")
    c = apply(Add(), x, y, name="c")
    return apply(Mul(), x, apply(Mul(), c, c, name="d"), name="f")


def overwriting(root):
    gradients = {root: 1.0}
    for node in reversed(topological_order(root)):
        gradients |= dict(zip(node.parents, node.op.backward(gradients[node]) if node.op else (), strict=True))
        node.grad = gradients[node] if node.op is None else None


class Swapped(Mul):
    def backward(self, y_bar):
        return y_bar * self.a, y_bar * self.b


@pytest.mark.parametrize(
    ("theirs", "operation", "words"),
    [
        (overwriting, Mul, "passes 6 · 1 = 6 on to x, but the whole gradient of c is 12"),
        (backward, Swapped, "f passes 3 on to x, but the chain rule gives 1 · 4"),
    ],
)
def test_a_learners_own_pass_is_stepped_and_the_step_that_goes_astray_says_so(theirs, operation, words):
    found = follow(theirs, lectures_program, operation)
    told = []
    for step in range(found.last + 1):
        figure, drawing = drawn(tape=found.tape, steps=found.steps, step=step)
        assert collisions(figure) == []
        assert outside(figure) == []
        told.append(plain(drawing.data["sentence"]))
    assert any(words in sentence for sentence in told)
    assert drawing.data["last"] == found.last
    assert drawing.data["gradients"] == list(found.steps[-1].gradients)


def test_depth_first_passes_on_a_gradient_that_still_waits():
    tape = run(EXAMPLES["a diamond"], x=3, y=-1)
    early = [TapeState(tape, step, order="depth-first") for step in range(len(tape) + 2, TapeState(tape, 0).last + 1)]
    assert any(state.waiting(state.share.node) > 0 for state in early)
    in_order = [TapeState(tape, step) for step in range(len(tape) + 2, TapeState(tape, 0).last + 1)]
    assert all(state.waiting(state.share.node) == 0 for state in in_order)


def test_a_gradient_is_dashed_as_long_as_it_waits():
    def dashed(step):
        figure, _ = drawn(step=step)
        return [patch for patch in figure.findobj(FancyBboxPatch) if patch.get_linestyle() not in ("-", "solid")]

    assert len(dashed(5)) > len(dashed(9)) > len(dashed(11)) == 0


def test_what_an_operation_keeps_can_be_hidden():
    assert "keeps x, d" in words(drawn()[0])
    assert not [text for text in words(drawn(show_stored=False)[0]) if text.startswith("keeps")]


def neuron():
    weights = [torch.tensor(float(w), requires_grad=True) for w in (0.5, -1.25)]
    inputs = [torch.tensor(float(x)) for x in (2.0, 1000.0)]
    z = weights[0] * inputs[0] + weights[1] * inputs[1]
    return from_graph(torch.graph(torch.tanh(z)))


def matrices():
    A = torch.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    v = torch.tensor(np.ones(3), requires_grad=True)
    return from_graph(torch.graph((A @ v).sum()), {0: "A", 1: "v"})


def ladder(rungs):
    x, y = torch.tensor(1.5, requires_grad=True), torch.tensor(-0.5, requires_grad=True)
    for _ in range(rungs):
        x, y = x * y, x + y
    return from_graph(torch.graph(x * y))


def one_leaf():
    return from_graph(torch.graph(torch.tensor(2.0, requires_grad=True)))


@pytest.mark.parametrize("build", [neuron, matrices, one_leaf, lambda: ladder(2), lambda: ladder(9)])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_any_graph_fits_onto_the_card(build, share):
    tape = build()
    last = TapeState(tape, 0).last
    figure, drawing = drawn(tape=tape, step=round(share * last))
    assert collisions(figure) == []
    assert outside(figure) == []
    assert drawing.data["last"] == last


def test_a_large_graph_is_drawn_as_dots():
    figure, drawing = drawn(tape=ladder(12), step=40)
    assert len(figure.findobj(Circle)) == len(drawing.data["names"])
    assert len(figure.findobj(FancyBboxPatch)) == 1


def test_an_operand_that_is_used_twice_has_two_arrows_at_two_ports():
    layout = cached_layout((("a", "m"), ("a", "m")))
    offsets = ports(layout, [("a", "m"), ("a", "m")], 0.1)
    assert sorted(offsets.values()) == pytest.approx([-0.05, 0.05])


def test_edges_arrive_in_the_order_in_which_they_come():
    edges = (("x", "c"), ("y", "c"), ("c", "d"), ("x", "f"), ("d", "f"))
    layout = cached_layout(edges)
    offsets = ports(layout, edges, 0.1)
    assert offsets[0] > offsets[1]
    assert offsets[3] > offsets[4]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.0, "12"),
        (-0.5, "−0.5"),
        (1234.0, "1234"),
        (1e-9, "1e−9"),
        (123456.0, "1.23e5"),
        (np.inf, "∞"),
        (-np.inf, "−∞"),
        (np.nan, "nan"),
        (np.ones((2, 3)), "2×3"),
        (np.float64(-0.0), "0"),
    ],
)
def test_numbers_are_short(value, text):
    assert short(value) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [("x", "$x$"), ("x12", "$x_{12}$"), ("loss", r"$\mathrm{loss}$"), ("w_1", "w_1"), ("größe", "größe")],
)
def test_names_are_set_as_mathematics_where_they_can_be(name, text):
    assert symbol(name) == text


def test_source_lines_read_like_the_program():
    x = torch.tensor(2.0, requires_grad=True)
    tape = from_graph(torch.graph(-torch.exp(x)), {0: "x"})
    assert [plain(source_line(tape, index)) for index in range(3)] == ["x = 2", "v1 = exp(x)", "f = −v1"]
