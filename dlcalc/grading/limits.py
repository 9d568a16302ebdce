"""What a submission may use: time, memory, processes, files."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds on one submission's sandbox; sizes in bytes, times in seconds.

    Parameters
    ----------
    memory : int
        Address space of one process.
    total_memory : int
        Resident memory of all processes together.
    processes : int
        Processes and threads together; three belong to the sandbox itself.
    scratch : int
        What fits into /tmp.
    files : int
        In /tmp: empty ones fill the kernel's memory too.
    file_size : int
    open_files : int
    start_seconds : float
        From the start of a sandbox until its worker is ready.
    cell_seconds : float
        For running one cell.
    patience : float
        How many times longer than in a notebook a call may take: a machine that grades is busy.
    submission_seconds : float
        For a submission as a whole; what is not graded by then is reported as a timeout.
    """

    memory: int = 1536 * MEBIBYTE
    total_memory: int = 1536 * MEBIBYTE
    processes: int = 16
    scratch: int = 64 * MEBIBYTE
    files: int = 20_000
    file_size: int = 16 * MEBIBYTE
    open_files: int = 64
    start_seconds: float = 30.0
    cell_seconds: float = 10.0
    patience: float = 3.0
    submission_seconds: float = 300.0

    def call_seconds(self, seconds: float) -> float:
        """Time for all calls of an exercise that has ``seconds`` in the notebook."""
        return self.patience * seconds

    def cpu_seconds(self, seconds: float) -> int:
        """Processor time for one exercise from its first cell to its last call."""
        return int(2 * self.cell_seconds + self.call_seconds(seconds)) + 1
