"""A table of named things that answers a wrong name with the nearest right one.

>>> shapes = Registry("shape", {"circle": 0, "square": 4})
>>> shapes["square"]
4
>>> shapes["sqare"]
Traceback (most recent call last):
dlcalc.registry.UnknownNameError: unknown shape 'sqare': did you mean 'square'? Known: circle, square
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import NoReturn, TypeVar

Entry = TypeVar("Entry")

# The share of letters in common, in their order, from which on a name is worth a question.
NEAR = 0.6


class UnknownNameError(KeyError, ValueError):
    """A name that stands in no table; a KeyError because tables are dicts, a ValueError because names are arguments."""

    def __str__(self) -> str:
        # KeyError would show the repr of its message, with quotation marks around the sentence.
        return str(self.args[0])


def unknown_name(kind: str, name: object, known: Iterable[str]) -> str:
    """The sentence that says which name came, which known one is nearest, and which are known."""
    names = list(known)
    wanted = str(name).lower()

    def similarity(known_name: str) -> float:
        # The beginning of a long name is near to it, though most letters are missing.
        beginning = known_name[: len(wanted)]
        return max(difflib.SequenceMatcher(None, wanted, k).ratio() for k in (known_name, beginning))

    nearest = max(names, key=similarity) if names and wanted else ""
    hint = f"did you mean {nearest!r}? " if nearest and similarity(nearest) >= NEAR else ""
    return f"unknown {kind} {name!r}: {hint}Known: {', '.join(names)}"


class Registry(dict[str, Entry]):
    """A dict from names to entries; `registry[name]` with an unknown name says what is known.

    Parameters
    ----------
    kind : str
        What the entries are, in the singular: "activation".
    entries : mapping from name to entry

    Raises
    ------
    UnknownNameError
        (a KeyError and a ValueError) from `registry[name]` if no entry has that name.
    """

    def __init__(self, kind: str, entries: Mapping[str, Entry]) -> None:
        super().__init__(entries)
        self.kind = kind

    def __missing__(self, name: str) -> NoReturn:
        raise UnknownNameError(unknown_name(self.kind, name, self))
