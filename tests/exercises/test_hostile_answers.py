"""check never raises, whatever it is given, and leaves everything as it was."""
# ruff: noqa: BLE001, NPY002, PLW0108, PLW1641, PLW2901, T201 - learners do all of this

import builtins
import math
import random
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from dlcalc.exercises import EXERCISES, check
from dlcalc.exercises.results import Result


class EvilMeta(type):
    def __subclasscheck__(cls, other):
        raise SystemExit

    def __instancecheck__(cls, other):
        raise SystemExit


class Evil(metaclass=EvilMeta):
    def __getattribute__(self, name):
        raise SystemExit(name)

    def __eq__(self, other):
        raise SystemExit

    __hash__ = None

    def __repr__(self):
        raise KeyboardInterrupt

    __str__ = __array__ = __float__ = __len__ = __iter__ = __bool__ = __repr__

    def __call__(self, *arguments):
        raise GeneratorExit


class AllEqual(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, bool)

    def __le__(self, other):
        return np.ones(self.shape, bool)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return np.ones(3, bool)

    def __array__(self, *arguments, **options):
        return np.full(self.shape, 0.25)

    def __reduce__(self):
        raise SystemExit


class LyingFloat(float):
    def __float__(self):
        return 0.25

    def __sub__(self, other):
        return 0.0

    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


class LyingList(list):
    def __iter__(self):
        raise SystemExit

    def __len__(self):
        return 10**9


class UnprintableError(Exception):
    def __str__(self):
        raise SystemExit

    @property
    def __traceback__(self):
        raise SystemExit

    @property
    def __class__(self):
        raise SystemExit


def raising(error):
    def answer(*arguments):
        raise error

    return answer


def returning(value):
    def answer(*arguments):
        return value

    return answer


def recurse(*arguments):
    return recurse(*arguments)


def recurse_beyond_all_limits(*arguments):
    sys.setrecursionlimit(10**6)
    return recurse_a_little(50_000)


def recurse_a_little(depth):
    return 0 if depth == 0 else recurse_a_little(depth - 1)


def nested():
    inner = []
    for _ in range(10_000):
        inner = [inner]
    return inner


def cyclic():
    loop = []
    loop.append(loop)
    return loop


def ragged(*arguments):
    return np.array([[1.0], [1.0, 2.0]], dtype=object)


VALUES = {
    "an evil object": Evil(),
    "an evil class": Evil,
    "an array that equals everything": np.zeros(3).view(AllEqual),
    "a lying float": LyingFloat(7.0),
    "a lying list": LyingList([1.0]),
    "a deep list": nested(),
    "a cyclic list": cyclic(),
    "a huge integer": 10**100_000,
    "a structured array": np.zeros(2, dtype=[("a", float)]),
    "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
    "texts": np.array(["a", "b"]),
    "an empty array": np.zeros((0, 3)),
    "an array of 32 axes": np.zeros((1,) * 32),
    "complex numbers": np.array([1j]),
    "nan": float("nan"),
    "an infinite array": np.full((2, 2), np.inf),
    "half precision": np.float16(1.0),
    "a masked array": np.ma.masked_array([1.0, 2.0], mask=[True, False]),
    "a set": {1, 2},
    "a dict": {"a": 1},
    "bytes": b"abc",
    "a generator": (i for i in range(3)),
    "an iterator without end": iter(int, 1),
    "a module": math,
    "a surrogate": "\ud800",
    "NotImplemented": NotImplemented,
}
ERRORS = {
    "SystemExit": SystemExit(0),
    "KeyboardInterrupt": KeyboardInterrupt(),
    "GeneratorExit": GeneratorExit(),
    "BaseException": BaseException("text"),
    "StopIteration": StopIteration(),
    "an unprintable error": UnprintableError(),
    "an error of no encoding": ValueError("\ud800"),
    "a group": ExceptionGroup("many", [ValueError("one")]),
    "MemoryError": MemoryError(),
}
OBJECTS = {
    "a number": 3.0,
    "a text": "augment",
    "an array": np.zeros(3),
    "a class without arguments": object,
    "int": int,
    "print": print,
    "exit": sys.exit,
    "an evil instance": Evil(),
    "an evil type": Evil,
    "too few arguments": lambda: 1.0,
    "too many arguments": lambda a, b, c, d, e, f, g, h: 1.0,
    "recursion": recurse,
    "deep recursion": recurse_beyond_all_limits,
    "rows of unequal lengths": ragged,
    "type": type,
    "np.ndarray": np.ndarray,
    "a ufunc": np.add,
}
SOME = ["01.augment", "01.forward", "02.minibatches", "03.f", "04.sigmoid", "05.taylor1", "06.total_derivative"]
SOME += ["08.gradient_check", "09.topological_order", "09.Mul", "09.backward", "09.zero_grad", "10.build", "10.train"]
ANSWERS = {
    **OBJECTS,
    **{f"returns {name}": returning(value) for name, value in VALUES.items()},
    **{f"raises {name}": raising(error) for name, error in ERRORS.items()},
    **{f"gives a function that returns {name}": returning(returning(value)) for name, value in VALUES.items()},
}


@pytest.mark.parametrize("name", ANSWERS)
def test_check_never_raises(name):
    for exercise in SOME:
        result = check(exercise, ANSWERS[name])
        assert type(result) is Result
        assert not result.passed
        assert result.points == 0
        assert result.message
        assert "Traceback" not in result.message
        assert "dlcalc/exercises" not in result.message
        assert repr(result)
        assert result._repr_html_().startswith('<div role="status"')


@pytest.mark.parametrize("identifier", ["", "04.dsigmod", "4.dsigmoid", None, 7, [], np.tanh, "evil", "\ud800"])
def test_an_unknown_id_gets_a_sentence_with_the_nearest_one(identifier):
    result = check(Evil() if identifier == "evil" else identifier, np.tanh)
    assert (result.passed, result.points, result.max_points, result.slip) == (False, 0, 0, "")
    if type(identifier) is str and identifier != "evil":
        assert "nearest" in result.message
    if identifier == "04.dsigmod":
        assert "'04.dsigmoid'" in result.message


def endless(*arguments):
    while True:
        pass


def endless_and_stubborn(*arguments):
    while True:
        try:
            while True:
                time.sleep(0.001)
        except BaseException:
            continue


def endless_sleep(*arguments):
    time.sleep(1000)


@pytest.mark.parametrize("answer", [endless, endless_and_stubborn, endless_sleep], ids=lambda f: f.__name__)
def test_an_endless_answer_is_stopped(answer):
    handler, timer = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    result = check("01.augment", answer)
    assert result.verdict == "timeout"
    assert "longer than 2 s" in result.message
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == timer
    assert sys.gettrace() is None or sys.gettrace() is not endless


def test_an_endless_answer_is_stopped_outside_the_main_thread():
    results = []
    worker = threading.Thread(target=lambda: results.append(check("01.augment", endless)))
    worker.start()
    worker.join(20)
    assert results[0].verdict == "timeout"


def test_an_endless_answer_is_stopped_where_there_are_no_timer_signals(monkeypatch):
    monkeypatch.delattr(signal, "setitimer")
    assert check("01.augment", endless).verdict == "timeout"
    assert check("01.augment", endless_and_stubborn).verdict == "timeout"
    assert check("01.augment", augment).passed


def test_an_endless_answer_is_stopped_where_there_are_neither_signals_nor_threads(monkeypatch):
    tracer = sys.gettrace()
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert check("01.augment", endless).verdict == "timeout"
    assert check("01.augment", augment).passed
    assert sys.gettrace() is tracer


def meddle(X):
    np.seterr(all="raise")
    np.set_printoptions(precision=1)
    np.random.seed(3)
    random.seed(3)
    sys.setrecursionlimit(sys.getrecursionlimit() + 7)
    warnings.simplefilter("error")
    warnings.filters.append("nonsense")
    np.allclose = lambda *arguments: True
    np.linalg.norm = lambda *arguments: 0.0
    np.added_by_the_learner = 7
    math.exp = lambda x: 0.0
    builtins.isinstance = lambda *arguments: True
    builtins.len = lambda *arguments: 0
    sys.stdout = None
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    meddle.calls = getattr(meddle, "calls", 0) + 1
    return np.hstack([X, np.ones((X.shape[0], 1))])


def surroundings():
    return (
        np.geterr(),
        np.get_printoptions(),
        np.random.get_state()[1].tolist(),
        random.getstate(),
        sys.getrecursionlimit(),
        list(warnings.filters),
        np.allclose,
        np.linalg.norm,
        hasattr(np, "added_by_the_learner"),
        math.exp,
        builtins.isinstance,
        builtins.len,
        sys.stdout,
        signal.getsignal(signal.SIGINT),
        dict(vars(meddle)),
    )


def test_check_leaves_everything_as_it_was():
    check("01.augment", meddle)
    before = surroundings()
    check("01.augment", meddle)
    after = surroundings()
    assert after == before
    assert "calls" not in vars(meddle)


def test_check_leaves_everything_as_it_was_after_a_time_out():
    def answer(X):
        meddle(X)
        while True:
            pass

    before = surroundings()[:-1]
    check("01.augment", answer)
    assert surroundings()[:-1] == before


def sabotage(X):
    def refuse(*arguments, **options):
        raise SystemExit

    for module in (builtins, np, np.random, warnings, random, math):
        for name in list(vars(module)):
            if callable(getattr(module, name)) and not name.startswith("_"):
                setattr(module, name, refuse)
    return X


def test_an_answer_that_takes_all_functions_away_is_survived():
    before = surroundings()
    assert not check("01.augment", sabotage).passed
    assert surroundings() == before
    assert check("01.augment", augment).passed


def test_a_class_and_default_arguments_are_left_as_they_were():
    class Mul:
        calls = 0

        def forward(self, a, b):
            type(self).calls += 1
            Mul.last = (a, b)
            self.saved = a, b
            return a * b

        def backward(self, y_bar):
            return y_bar * self.saved[1], y_bar * self.saved[0]

    assert check("09.Mul", Mul).passed
    assert Mul.calls == 0
    assert not hasattr(Mul, "last")

    def f(w, wp, x, seen=[]):  # noqa: B006
        seen.append(x)
        return w / (1 + np.exp(-wp * x))

    assert check("03.f", f).passed
    assert f.__defaults__ == ([],)


def augment(X):
    return np.hstack([X, np.ones((X.shape[0], 1))])


def changing(X):
    X += 0.0001
    return augment(X - 0.0001)


def changing_and_returning_it(params, grads, lr):
    for p, g in zip(params, grads, strict=True):
        p -= lr * g
    return params


def printing(X):
    print(augment(X))


COUNT = [0]


def counting(X):
    COUNT[0] += 1
    return augment(X) if COUNT[0] % 6 else augment(X) + 1


def remembering(sizes, total=[0]):  # noqa: B006
    total[0] += sum(n * (m + 1) for m, n in zip(sizes, sizes[1:]))  # noqa: B905, RUF007
    return total[0]


BUFFER = np.empty((5, 3))


def one_buffer(X):
    if X.shape != (5, 2):
        return augment(X)
    BUFFER[:] = augment(X)
    return BUFFER


KEPT = {}


def a_buffer_for_all(X):
    buffer = KEPT.setdefault("buffer", np.empty(100))[: X.size + len(X)].reshape(len(X), -1)
    buffer[:] = augment(X)
    return buffer


def truncating(X):
    return augment(X).astype(int)


def dividing(z):
    return np.array(0.0) / np.zeros(np.shape(z))


@pytest.mark.parametrize(
    ("exercise", "answer", "slip", "words"),
    [
        ("01.augment", changing, "changes its input", "X has been changed"),
        ("02.sgd_step", changing_and_returning_it, "changes its input", "changed"),
        ("01.augment", printing, "prints instead of returning", "prints its result"),
        ("01.augment", counting, "keeps something between calls", "called again"),
        ("01.augment", a_buffer_for_all, "keeps something between calls", "later call"),
        ("01.augment", truncating, "integer truncation", "integer array"),
        ("01.augment", lambda X: augment(X).T, "transposed", "transpose of what is asked"),
        ("04.sigmoid", dividing, "", "nan"),
        ("01.augment", recurse, "", "RecursionError"),
        ("02.grad_linear", lambda w, X, y: 2 / len(X) * X.T * ((X @ w)[:, None] - y), "", "shape"),
        ("01.augment", lambda X: augment(X).astype(np.float32), "", "float32"),
        ("01.augment", lambda X: augment(X).tolist(), "", "np.array"),
        ("04.drelu", lambda z: np.asarray(z) > 0, "", "True and False"),
        ("03.f", lambda w, wp, x: np.array([w / (1 + np.exp(-wp * x))]), "", "not an array of one"),
        ("01.augment", augment(np.ones((2, 2))), "", "without calling it"),
        ("06.cost", lambda sizes, mode: "many", "", "'many'"),
        ("05.taylor2", lambda f0, g, H, x0: 3.0, "", "a function of x is asked"),
        ("02.minibatches", lambda n, batch_size, rng: 3, "", "batches is asked"),
        ("09.topological_order", lambda root: {root}, "", "a list of nodes is asked"),
        ("10.build", lambda: 3, "", "nn.Sequential is asked"),
        ("10.train", lambda model, X, y, lr, epochs, seed: 0.0, "", "a list"),
        ("02.mse", lambda y_hat, y: None if y.ndim else 0.0, "", "None"),
    ],
)
def test_a_fault_of_any_exercise_has_its_sentence(exercise, answer, slip, words):
    result = check(exercise, answer)
    assert result.slip == slip
    assert words in result.message


def test_one_shared_result_array_is_accepted_only_if_no_later_call_overwrites_it():
    assert check("01.augment", one_buffer).passed


def test_the_global_generator_is_named_where_two_calls_differ():
    first = {}

    def answer(X):
        noise = np.random.normal() if X.shape in first else 0.0
        first[X.shape] = True
        return augment(X) + noise

    assert "global generator" in check("01.augment", answer).message


def test_views_of_the_inputs_may_be_returned():
    assert check("09.unbroadcast", lambda grad, shape: _unbroadcast(grad, shape)).passed


def _unbroadcast(grad, shape):
    if grad.shape == shape:
        return grad
    return EXERCISES["09.unbroadcast"].reference(grad, shape)


def test_the_message_gives_the_learners_own_line_and_none_of_ours():
    def broken(X):
        return X @ np.ones((99, 2))

    message = check("01.augment", broken).message
    assert "return X @ np.ones((99, 2))" in message
    assert message.count("Line ") == 1


def test_the_smallest_input_that_shows_the_fault_is_told():
    message = check("01.affine", lambda X, W: EXERCISES["01.affine"].reference(X, W) * 1.5).message
    assert "It shows for X = [[" in message
    assert "expected is" in message


def test_a_learners_print_is_shown_and_their_markup_is_not_interpreted():
    def answer(X):
        print("<script>alert(1)</script>")
        return augment(X)

    result = check("01.augment", answer)
    assert result.passed
    assert "<script>" in result.printed
    assert "<script>" not in result._repr_html_()


def test_a_nan_somewhere_is_pointed_at():
    def answer(X):
        result = augment(X)
        result[-1, -1] = np.nan
        return result

    message = check("01.augment", answer).message
    assert "is nan" in message
    assert "entry [" in message.lower()
