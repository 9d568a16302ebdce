"""What of a message only the instructor may read: whatever could carry a secret input out to the learner.

A value that an answer returned, and the text of an exception that it raised, may be an input in disguise. Sentences
hold such pieces between two marks; `in_full` takes the marks away, `in_part` the pieces too.
"""

import builtins
import re

# Private characters, which no message shows; an answer's own are taken out of what stands between the marks.
BEGIN, END = "\ue000", "\ue001"
HIDDEN = "…"
PIECE = re.compile(f"{BEGIN}[^{END}]*{END}")
MARKS = str.maketrans("", "", BEGIN + END)
NUMBER = re.compile(r"\d+")
MAX_LINE = 1000

# Texts of exceptions that help, and that are the same for all inputs once their numbers are blanked.
COMMON_TEXT = re.compile(
    r"(float |integer )?division by zero|list index out of range|maximum recursion depth exceeded"
    r"|index \d+ is out of bounds for axis \d+ with size \d+"
    r"|operands could not be broadcast together with shapes [\d,() ]+"
    r"|matmul: Input operand \d has a mismatch in its core dimension \d, with gufunc signature "
    r"\(n\?,k\),\(k,m\?\)->\(n\?,m\?\) \(size \d+ is different from \d+\)"
    r"|shapes [\d,() ]+ not aligned: \d+ \(dim \d\) != \d+ \(dim \d\)"
    r"|setting an array element with a sequence\."
    r"|invalid syntax|expected ':'|unexpected indent|'[(\[{]' was never closed"
    r"|unindent does not match any outer indentation level"
)
COMMON_KINDS = frozenset(
    {name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)}
    | {"LinAlgError", "AxisError", "NotImplementedError", "WireError"}
)


def private(text: object) -> str:
    """A piece of a sentence for the instructor only."""
    return f"{BEGIN}{str(text).translate(MARKS)}{END}"


def private_kind(name: str) -> str:
    """The name of an exception's class, unless it is one that anybody could meet."""
    return name if name in COMMON_KINDS else private(name)


def private_text(text: str) -> str:
    """The text of an exception; of a common one only the numbers are private."""
    if COMMON_TEXT.fullmatch(text):
        return NUMBER.sub(lambda found: private(found[0]), text)
    return private(text)


def private_line(number: int) -> str:
    """The number of a line of an answer, if it can be one."""
    return str(number) if 0 < number < MAX_LINE else private(number)


def in_full(sentence: str) -> str:
    """The sentence with its private pieces."""
    return sentence.translate(MARKS)


def in_part(sentence: str) -> str:
    """The sentence with an ellipsis for each private piece."""
    return PIECE.sub(HIDDEN, sentence).translate(MARKS)
