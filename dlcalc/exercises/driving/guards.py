"""What a learner's code may change and what is put back afterwards."""

import builtins
import io
import math
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

NUMPY: tuple[ModuleType, ...] = (np, np.linalg, np.fft, np.random, np.random.mtrand)
MODULES: tuple[ModuleType, ...] = (builtins, math, os, random, time, warnings, *NUMPY)
SIGNALS = (signal.SIGINT, signal.SIGTERM)
MAX_PRINTED = 2_000


class BoundedText(io.StringIO):
    """Standard output that forgets what goes beyond `MAX_PRINTED` characters."""

    def write(self, text: str) -> int:
        """Take the text as far as there is room."""
        if not issubclass(type(text), str):
            message = "write() takes a str"
            raise TypeError(message)
        room = MAX_PRINTED - self.tell()
        if room > 0:
            super().write(str.__str__(text)[:room])
        return len(text)

    def close(self) -> None:
        """Stay open: an answer that closes its output must not take what it printed with it."""


@contextmanager
def preserved(answer: object) -> Iterator[Callable[[], None]]:
    """Put NumPy, its error state and print options, random states, limits, signals and the answer back as they were.

    What it gives puts back the names of modules (`len`, `np.where`) at once, for those who look at a result before
    all is over.
    """
    with ExitStack() as stack:
        saved = [(vars(module), dict(vars(module))) for module in MODULES]
        stack.callback(_remove_what_is_new, saved)
        _preserve_answer(answer, stack)
        stack.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002 - the learner's global state
        stack.callback(random.setstate, random.getstate())
        stack.callback(sys.setrecursionlimit, sys.getrecursionlimit())
        stack.callback(_restore_hook, sys.gettrace, sys.settrace, sys.gettrace())
        stack.callback(_restore_hook, sys.getprofile, sys.setprofile, sys.getprofile())
        _preserve_streams_and_hooks(stack)
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                stack.callback(_restore_signal, number, signal.getsignal(number))
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(np.printoptions())
        stack.enter_context(np.errstate(all="warn", under="ignore"))
        # Registered last, so done first: what puts the rest back must not work with the learner's `len`.
        stack.callback(_put_back, saved)
        yield partial(_put_back, saved)


def _put_back(saved: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Every name of the modules, with nothing but methods of dict, which nobody can replace."""
    for namespace, names in saved:
        namespace.update(names)


def _remove_what_is_new(saved: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for namespace, names in saved:
        for name in namespace.keys() - names.keys():
            # What a module loaded lazily in the meantime may stay.
            if not isinstance(namespace[name], ModuleType):
                del namespace[name]


def _restore_hook(get: Callable[[], Any], put: Callable[[Any], None], hook: Any) -> None:
    # A profiler written in C shows itself here as an object that cannot be handed back.
    if get() is not hook and (hook is None or callable(hook)):
        put(hook)


def _restore_signal(number: int, handler: Any) -> None:
    # None: installed from C, and then out of reach.
    if handler is not None and signal.getsignal(number) is not handler:
        signal.signal(number, handler)


def _preserve_streams_and_hooks(stack: ExitStack) -> None:
    for name in ("stdin", "stdout", "stderr", "excepthook", "displayhook", "unraisablehook"):
        stack.callback(setattr, sys, name, getattr(sys, name))


def _preserve_answer(answer: object, stack: ExitStack) -> None:
    if type(answer) is FunctionType:
        _preserve_function(answer, stack)
    elif type(answer) is MethodType:
        _preserve_answer(answer.__func__, stack)
        _preserve_attributes(answer.__self__, stack)
    elif type(answer) is partial:
        _preserve_answer(answer.func, stack)
    elif type(answer) is type:
        stack.callback(_restore_class, answer, dict(vars(answer)))
    else:
        _preserve_attributes(answer, stack)


def _preserve_function(answer: FunctionType, stack: ExitStack) -> None:
    for name in ("__code__", "__defaults__", "__kwdefaults__"):
        stack.callback(_restore_attribute, answer, name, getattr(answer, name))
    held = [*(answer.__defaults__ or ()), *(answer.__kwdefaults__ or {}).values()]
    for cell in answer.__closure__ or ():
        # An empty cell belongs to a name that is not bound yet.
        with suppress(ValueError):
            held.append(cell.cell_contents)
            stack.callback(setattr, cell, "cell_contents", cell.cell_contents)
    for value in held:
        if type(value) is list or type(value) is dict or type(value) is set:
            stack.callback(_restore_contents, value, value.copy())
    stack.callback(_restore_contents, vars(answer), dict(vars(answer)))


def _preserve_attributes(answer: object, stack: ExitStack) -> None:
    """What an object of the learner's own class holds; the class may lie about its attributes, or refuse."""
    try:
        attributes = object.__getattribute__(answer, "__dict__")
    except BaseException:  # noqa: BLE001 - a property of the learner's class may raise anything
        return
    if type(attributes) is dict:
        stack.callback(_restore_contents, attributes, dict(attributes))


def _restore_attribute(answer: object, name: str, value: Any) -> None:
    if getattr(answer, name) is not value:
        setattr(answer, name, value)


def _restore_contents(container: Any, contents: Any) -> None:
    container.clear()
    if type(container) is list:
        container.extend(contents)
    else:
        container.update(contents)


def _restore_class(answer: type, attributes: dict[str, Any]) -> None:
    for name in vars(answer).keys() - attributes.keys():
        type.__delattr__(answer, name)
    for name, value in attributes.items():
        if vars(answer).get(name) is not value:
            type.__setattr__(answer, name, value)
