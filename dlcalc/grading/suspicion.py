"""What was tried: words in a cell that no exercise needs, for the instructor to look at.

They decide nothing. A cell with one of them may be honest, and a cell without may not be; the sandbox holds either way.
The source is searched as text: to parse it would be to trust it. Every repetition in a pattern has a bound, for the
same reason: a source could be made on which a pattern without one takes hours.
"""

from __future__ import annotations

import re

SIGNS = (
    (
        "reaches for the course's own code",
        r"\bdlcalc\.(?!autodiff\b)|\bimport\s{1,3}dlcalc\b|from\s{1,3}dlcalc\s{1,3}import\s{1,3}(?!autodiff\b)",
    ),
    (
        "looks at the caller or at other objects",
        r"_getframe|\bgc\.|\binspect\.(stack|currentframe)|tb_frame|f_back|f_globals",
    ),
    ("reaches for the worker", r"\bsys\.modules\b|\b__main__\b|\bbox\.|\bdriving\b|\bwire\b"),
    ("starts processes", r"\bsubprocess\b|\bos\.(system|popen|fork|exec|spawn)|\bmultiprocessing\b|\bpty\b"),
    ("ends or signals processes", r"\bos\.(_exit|kill|killpg|abort)\b|\bsignal\."),
    ("uses the network", r"\bsocket\b|\burllib\b|\brequests\b|\bhttp\b"),
    (
        "reads or writes files",
        r"\bopen\s{0,3}\(|\bos\.(open|read|write|remove|unlink|listdir|scandir|walk)\b|\bpathlib\b|\bshutil\b",
    ),
    ("looks at the system", r"/proc\b|/sys\b|/etc\b|\bos\.environ\b|\bos\.getppid\b"),
    ("calls C directly", r"\bctypes\b|\bcffi\b|\bmmap\b"),
    (
        "changes NumPy or Python itself",
        r"\b(np|numpy|builtins)\.[\w.]{1,60}\s{0,3}=(?!=)|\bsetattr\s{0,3}\(\s{0,3}(np|numpy|builtins)\b",
    ),
    (
        "makes an array class of its own",
        r"\bclass\s{1,3}\w{1,60}\s{0,3}\([^)]{0,60}\bndarray\b|\b__array_[a-z]{1,20}__|\b__class__\s{0,3}=",
    ),
    (
        "loads or runs hidden code",
        r"\bpickle\b|\bmarshal\b|\b(exec|eval|compile|__import__)\s{0,3}\(|\bimportlib\b|\bb64decode\b",
    ),
)
PATTERNS = tuple((sentence, re.compile(pattern)) for sentence, pattern in SIGNS)
MAX_SEARCHED = 50_000


def suspicion(exercise: str, source: str) -> str:
    """The signs found in a cell, one after another; empty as a rule."""
    found = [sentence for sentence, pattern in PATTERNS if pattern.search(source[:MAX_SEARCHED])]
    return f"{exercise}: {', '.join(found)}" if found else ""
