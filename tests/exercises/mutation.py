"""Mutation testing of the checks: `python -m tests.exercises.mutation [ID ...]`.

Each worked solution is changed mechanically, one place at a time (operators, operands, signs, comparisons, constants,
indices, axes, transposes, names, NumPy functions, arguments, statements, += for =), and every changed solution that
computes something else must be rejected by the check. Those that are accepted must stand in `SURVIVORS`, each with the
reason. 10.digits is left out: its check asks for an accuracy, and most changes of a training recipe reach it too.
"""

# ruff: noqa: T201 - a report for the terminal
import ast
import copy
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from dlcalc.exercises import EXERCISES
from dlcalc.exercises.driving import drive
from dlcalc.exercises.exercise import Exercise
from dlcalc.exercises.judging import find_faults, not_attempted
from dlcalc.exercises.reading import read_observation

SECONDS = 0.4
LEFT_OUT = {"10.digits"}

SAME = "computes the same: "
# What is accepted, by exercise and a piece of the changed line, with the reason.
SURVIVORS: dict[tuple[str, str], str] = {
    ("01.count_parameters", "zip(sizes[:], sizes[1:])"): SAME + "zip stops at the shorter list",
    ("02.mse", "return np.mean((y_hat - y) ** 2)"): SAME + "an np.float64 is a float",
    ("02.mse", "(y - y_hat) ** 2"): SAME + "the square knows no sign",
    ("02.mse", "(-(y_hat - y)) ** 2"): SAME + "the square knows no sign",
    ("02.grad_linear", "2 / len(residual)"): SAME + "there is one residual for each example",
    ("02.grad_linear", "2 / len(y)"): SAME + "there is one label for each example",
    ("03.partials", "return (v, df_dwp, df_dx)"): SAME + "∂f/∂w is v",
    ("04.sigmoid", "np.asarray(z) > 0"): SAME + "at 0 both branches give 1",
    ("04.sigmoid", "np.where(z >= 0"): SAME + "z is a float or an array",
    ("04.dsigmoid", "(-(1.0 + decay)) ** 2"): SAME + "the square knows no sign",
    ("04.drelu", "np.where(z > 0"): SAME + "z is a float or an array",
    ("04.drelu", "np.where(1.0, np.asarray(z) > 0"): SAME + "with 0.0 beside it np.where makes True a 1.0",
    ("04.drelu", "1.0, -0.0)"): SAME + "−0.0 equals 0.0",
    ("04.derivative_from_output", "np.where(v > 0"): SAME + "v is a float or an array",
    ("04.derivative_from_output", "np.where(1.0, np.asarray(v) > 0"): SAME + "beside 0.0 np.where makes True a 1.0",
    ("04.derivative_from_output", "1.0, -0.0)"): SAME + "−0.0 equals 0.0",
    ("05.taylor1", "f0 + d @ g"): SAME + "the scalar product is symmetric",
    ("05.taylor2", "f0 + d @ g + 0.5"): SAME + "the scalar product is symmetric",
    ("05.taylor2", "d @ (0.5 * d @ H)"): SAME + "the scalar product is symmetric",
    ("05.taylor2", "H @ (0.5 * d) @ d"): SAME + "H is symmetric",
    ("05.jacobian_fd", "axis=-1"): SAME + "the last of two axes is axis 1",
    ("06.total_derivative", "total = -0.0"): SAME + "−0.0 equals 0.0",
    ("06.cost", "for n, m in zip"): SAME + "m·n = n·m",
    ("06.cost", "zip(sizes[1:], sizes[:-1])"): SAME + "m·n = n·m",
    ("06.cost", "zip(sizes[:], sizes[1:])"): SAME + "zip stops at the shorter list",
    ("07.hidden_delta", "total = -0.0"): SAME + "−0.0 equals 0.0",
    ("07.hidden_delta", "range(len(W_next))"): SAME + "W_next has one row for each error signal",
    ("07.backprop_units", "delta = [dphi(z[j])"): SAME + "a list of numbers serves as well inside",
    ("07.backprop_units", "range(len(zs) - 1, -1, -1)"): SAME + "there is one z for each weight matrix",
    ("07.backprop_units", "back = [sum((W[k, j] * delta[k] for k in range(len(delta)))) for j in range(len(v))]"): SAME
    + "an entry for the bias node is computed and not used",
    ("07.backprop_units", "for j in range(len(W))]))"): SAME + "W has one row for each error signal",
    ("07.backprop_units", "for j in range(len(back))])"): SAME + "there is one sum for each unit",
    ("07.backprop_units", "for k in range(len(W))))"): SAME + "W has one row for each error signal",
    ("08.mlp_backward", "/ y.size"): SAME + "f and y have one shape",
    ("08.mlp_backward", "f = cache[-1][1]"): SAME + "the last pair of the cache is (Z, Z)",
    ("08.mlp_backward", "f = cache[-1][-1]"): SAME + "the last pair of the cache is (Z, Z)",
    ("08.mlp_backward", "V = cache[layer - 1][-1]"): SAME + "V is the last of a pair",
    ("08.mlp_backward", "if layer >= 1:"): SAME + "the last error signal is computed and not used",
    ("08.mlp_backward", "if layer > 0:"): SAME + "the last error signal is computed and not used",
    ("08.mlp_backward", "if layer > -1:"): SAME + "the last error signal is computed and not used",
    ("08.gradient_check", "n = numerical"): SAME + "NumPy makes an array of the list",
    ("08.gradient_check", "np.linalg.norm(numerical - g)"): SAME + "NumPy makes an array of the list",
    ("08.gradient_check", "np.linalg.norm(numerical) +"): SAME + "NumPy makes an array of the list",
    ("08.gradient_check", "h = -1e-05"): SAME + "a central difference is even in h",
    ("08.gradient_check", "np.linalg.norm(g - n)"): SAME + "the norm knows no sign",
    ("09.topological_order", "elif node not in order"): SAME + "between a node's two turns only its ancestors come up",
    ("09.backward", "y_bars.get(parent, -0.0)"): SAME + "−0.0 equals 0.0",
    ("10.build", "nn.Flatten(0, -1)"): SAME + "the last of two axes is axis 1",
    ("10.manual_grads", "np.maximum(0, Z)"): SAME + "the maximum is symmetric",
    ("10.manual_grads", "delta2 * W2 * (Z > 0)"): SAME + "(N, 1) times (1, n) is the same product by broadcasting",
    ("10.manual_grads", "[:, -1]"): SAME + "there is one column",
    ("10.manual_grads", "/ len(V)"): SAME + "V has one row for each label",
    ("10.manual_grads", "/ len(X)"): SAME + "X has one row for each label",
    ("10.manual_grads", "/ len(Z)"): SAME + "Z has one row for each label",
    ("10.manual_grads", "/ len(f)"): SAME + "there is one output for each label",
    ("10.manual_grads", "delta2 @ W2 * (V > 0)"): SAME + "V = max(Z, 0) is positive where Z is",
    ("10.train", "torch.manual_seed(seed) -> pass"): SAME + "full-batch training draws no random numbers",
    ("10.train", "torch.manual_seed(epochs)"): SAME + "full-batch training draws no random numbers",
    ("10.train", "model.zero_grad()"): SAME + "the optimizer has all parameters of the model",
    ("10.train", "loss_function(y, model(X))"): SAME + "the square knows no sign",
}
# Any rule that tells the runs apart is a right answer: a change that still labels the runs of these seeds is one.
FURTHER_SEEDS = range(1, 21)

OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Div, ast.Add, ast.MatMult),
    ast.Div: (ast.Mult, ast.Sub, ast.FloorDiv),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.Mult, ast.FloorDiv),
    ast.MatMult: (ast.Mult,),
    ast.Pow: (ast.Mult, ast.Add),
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
FUNCTIONS = {
    "hstack": "vstack", "ones": "zeros", "zeros": "ones", "sum": "mean", "mean": "sum", "exp": "log1p",
    "abs": "negative", "maximum": "minimum", "diag": "atleast_2d", "stack": "concatenate", "norm": "sum",
    "sqrt": "square", "tanh": "sin", "append": "extend", "item": "detach", "T": "", "copy": "", "ravel": "",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A changed solution: the changed line, and what was done."""

    exercise: Exercise
    source: str
    change: str


def mutants(exercise: Exercise) -> Iterator[Mutant]:
    """All changed solutions of an exercise that still compile, each once."""
    source = textwrap.dedent(inspect.getsource(exercise.reference))
    tree = ast.parse(source)
    _drop_docstrings(tree)
    names = _own_names(tree)
    whole, seen = ast.unparse(tree), set()
    for index, node in enumerate(ast.walk(tree)):
        for number in range(len(_changes(node, names))):
            changed = copy.deepcopy(tree)
            place = list(ast.walk(changed))[index]
            _changes(place, names)[number]()
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text != whole and text not in seen:
                seen.add(text)
                yield Mutant(exercise, text, _difference(whole, text))


def _drop_docstrings(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.ClassDef)
            and ast.get_docstring(node) is not None
            and len(node.body) > 1
        ):
            del node.body[0]


def _difference(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    removed = [line.strip() for line in before if line not in after]
    added = [line.strip() for line in after if line not in before]
    return f"{' | '.join(removed)} -> {' | '.join(added)}"


def _own_names(tree: ast.AST) -> list[str]:
    """The arguments and variables of a solution, each of which may be mistaken for another."""
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return sorted(arguments | stored - {"self"})


def _changes(node: ast.AST, names: list[str]) -> list:
    """The changes that can be made in place at a node, as functions of no argument."""
    changes = []
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        changes += [_set(node, "id", other) for other in names if other != node.id]
    if isinstance(node, ast.BinOp | ast.AugAssign):
        changes += [_set(node, "op", new()) for new in OPERATORS.get(type(node.op), ())]
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add | ast.Mult):
        changes.append(_swap(node, "left", "right"))
    if isinstance(node, ast.Compare):
        changes += [_set(node, "ops", [new()]) for new in COMPARISONS.get(type(node.ops[0]), ())]
    if isinstance(node, ast.Constant):
        changes += [_set(node, "value", new) for new in _other_values(node.value)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        changes.append(_set(node, "op", ast.UAdd()))
    if isinstance(node, ast.IfExp):
        changes.append(_swap(node, "body", "orelse"))
    if isinstance(node, ast.Attribute) and node.attr in FUNCTIONS and FUNCTIONS[node.attr]:
        changes.append(_set(node, "attr", FUNCTIONS[node.attr]))
    if isinstance(node, ast.Slice):
        changes += [_set(node, part, None) for part in ("lower", "upper", "step") if getattr(node, part)]
        changes += [_set(node, "lower", ast.Constant(1))] * (node.lower is None)
        changes += [_set(node, "upper", ast.UnaryOp(ast.USub(), ast.Constant(1)))] * (node.upper is None)
    if isinstance(node, ast.BoolOp):
        changes.append(_set(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And()))
    if isinstance(node, ast.Call | ast.Tuple | ast.List):
        changes += _reorderings(node)
    changes += _removals(node)
    return changes


def _set(node: ast.AST, field: str, value: object):
    return lambda: setattr(node, field, value)


def _swap(node: ast.AST, one: str, other: str):
    def change() -> None:
        first, second = getattr(node, one), getattr(node, other)
        setattr(node, one, second)
        setattr(node, other, first)

    return change


def _other_values(value: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1, -value] if value else [1, -1]
    if isinstance(value, float):
        return [value * 2 + 0.5, value + 1, -value]
    return []


def _reorderings(node: ast.Call | ast.Tuple | ast.List) -> list:
    items = node.args if isinstance(node, ast.Call) else node.elts
    changes = []
    if len(items) == 2:
        changes.append(items.reverse)
    if len(items) > 2:
        changes += [_exchange(items, index) for index in range(len(items) - 1)]
    if len(items) > 1 and not isinstance(node, ast.Call):
        changes += [_drop(items, index) for index in range(len(items))]
    if isinstance(node, ast.Call):
        changes += [_drop_keyword(node, keyword.arg) for keyword in node.keywords]
    return changes


def _exchange(items: list, index: int):
    def change() -> None:
        items[index], items[index + 1] = items[index + 1], items[index]

    return change


def _drop(items: list, index: int):
    def change() -> None:
        del items[index]

    return change


def _drop_keyword(node: ast.Call, name: str | None):
    def change() -> None:
        node.keywords = [keyword for keyword in node.keywords if keyword.arg != name]

    return change


def _removals(node: ast.AST) -> list:
    """A transpose, an index, an operand or a statement left out, a sign, a condition turned round, = for +=."""
    changes = []
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.BinOp):
            changes += [_set(node, field, value.left), _set(node, field, value.right)]
            changes.append(_set(node, field, ast.UnaryOp(ast.USub(), value)))
        if isinstance(value, ast.Subscript) and isinstance(value.ctx, ast.Load):
            changes.append(_set(node, field, value.value))
        if isinstance(value, ast.Attribute) and value.attr == "T":
            changes.append(_set(node, field, value.value))
        if isinstance(value, ast.Call) and not isinstance(node, ast.Expr) and len(value.args) == 1:
            changes.append(_set(node, field, value.args[0]))
        if field == "test":
            changes.append(_set(node, field, ast.UnaryOp(ast.Not(), value)))
        if field in ("body", "orelse") and isinstance(value, list) and not isinstance(node, ast.Module):
            changes += [_replace(value, index) for index in range(len(value)) if not isinstance(value[index], ast.Pass)]
            changes += [
                _overwrite(value, index) for index in range(len(value)) if isinstance(value[index], ast.AugAssign)
            ]
    if isinstance(node, ast.Return) and node.value is not None:
        negative = ast.UnaryOp(ast.USub(), node.value)
        changes.append(_set(node, "value", negative))
    return changes


def _replace(body: list, index: int):
    def change() -> None:
        body[index] = ast.Pass()

    return change


def _overwrite(body: list, index: int):
    def change() -> None:
        target, value = body[index].target, body[index].value
        body[index] = ast.Assign([target], value)

    return change


def rejected(mutant: Mutant, seed: int = 0) -> bool:
    """Whether the check finds something wrong with a changed solution."""
    exercise = mutant.exercise
    namespace = dict(vars(inspect.getmodule(exercise.reference)))
    exec(compile(mutant.source, "<mutant>", "exec"), namespace)
    answer = namespace[exercise.reference.__name__]
    seen = drive(answer, exercise.all_cases(seed), seconds=SECONDS)
    checked = [read_observation(item) for item in seen]
    return bool(not_attempted(exercise, checked)) or any(find_faults(exercise, seed, checked))


def survivors(exercise: Exercise) -> tuple[int, list[Mutant]]:
    """How many changed solutions there are, and which of them are accepted."""
    found = list(mutants(exercise))
    return len(found), [mutant for mutant in found if not rejected(mutant)]


def reason_for(mutant: Mutant) -> str:
    """Why a changed solution is accepted, or ""."""
    for (exercise_id, piece), reason in SURVIVORS.items():
        if exercise_id == mutant.exercise.id and piece in mutant.change:
            return reason
    if mutant.exercise.id != "10.diagnose":
        return ""
    if any(rejected(mutant, seed) for seed in FURTHER_SEEDS):
        return "tells the twelve runs of this seed apart, and not all of the further seeds': any such rule is accepted"
    return SAME + f"it labels the runs of {len(FURTHER_SEEDS)} further seeds like the reference"


@dataclass
class Tally:
    """How the changed solutions of some exercises fared."""

    total: int = 0
    same: int = 0
    accepted: int = 0
    unexplained: int = 0

    @property
    def summary(self) -> str:
        """One sentence."""
        differing = self.total - self.same
        rejected_ones = differing - self.accepted
        return (
            f"{self.total} changed solutions: {self.same} compute the same, "
            f"{rejected_ones} of the {differing} others ({rejected_ones / differing:.2%}) are rejected."
        )


def report(names: list[str], tally: Tally) -> Iterator[str]:
    """A table in Markdown: per exercise how many there are, and each that is accepted, with the reason."""
    yield "| exercise | changed | rejected | accepted, and why |"
    yield "|---|---|---|---|"
    for exercise in EXERCISES.values():
        if exercise.id in LEFT_OUT or (names and exercise.id not in names):
            continue
        count, alive = survivors(exercise)
        told = []
        for mutant in alive:
            reason = reason_for(mutant)
            tally.same += reason.startswith(SAME)
            tally.accepted += not reason.startswith(SAME)
            tally.unexplained += not reason
            changed = mutant.change.partition(" -> ")[2].replace("|", "\\|") or "a line left out"
            told.append(f"`{changed}`: {reason or 'UNEXPLAINED'}")
        tally.total += count
        yield f"| {exercise.id} | {count} | {count - len(alive)} | {'<br>'.join(told)} |"


def main(names: list[str]) -> int:
    """Print the table; the exit status is 1 if an accepted mutant has no reason."""
    tally = Tally()
    for line in report(names, tally):
        print(line, flush=True)
    print(f"\n{tally.summary}")
    return int(tally.unexplained > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
