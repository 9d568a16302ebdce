"""What a run is graded with, small enough to travel to other machines."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from dlcalc.grading import course
from dlcalc.grading.limits import Limits


@dataclass(frozen=True)
class Settings:
    """Everything that the grades depend on besides the submissions.

    Parameters
    ----------
    seed : int
    sandbox : str
        "bwrap", "docker" or "none".
    image : str
        For "docker".
    limits : Limits
    """

    seed: int
    sandbox: str = "bwrap"
    image: str = ""
    limits: Limits = field(default_factory=Limits)

    def key(self, content: bytes) -> str:
        """Under which the grades of a submission with these bytes are found again; it does not tell the seed."""
        # What was graded without a sandbox is no answer to who asks for one.
        ways = f"{self.seed} {self.sandbox} {self.image} {self.limits!r}"
        parts = (course.fingerprint().encode(), ways.encode(), content)
        return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
