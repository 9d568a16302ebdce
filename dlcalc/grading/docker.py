"""The sandbox where there is no bubblewrap: one container of a container engine for each worker.

The worker and its pipe are the same. The image brings Python and NumPy (docs/grading.md has the four lines that build
it); the box is mounted into it, read-only.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
from typing import TYPE_CHECKING

from dlcalc.grading.launching import (
    PYTHON_FLAGS,
    START,
    WORKER_ENVIRONMENT,
    Launched,
    Sandbox,
    SandboxError,
    start,
    worker_options,
)

if TYPE_CHECKING:
    from dlcalc.grading.box import Box
    from dlcalc.grading.limits import Limits

IMAGE = "dlcalc-worker"
USER = "65534:65534"


class Docker(Sandbox):
    """Start workers in containers.

    Parameters
    ----------
    limits : Limits
    image : str
        An image with ``python3`` and NumPy.

    Raises
    ------
    SandboxError
        If there is no engine to talk to, or the image is not there.
    """

    name = "docker"

    def __init__(self, limits: Limits, image: str = IMAGE) -> None:
        self.limits = limits
        self.image = image
        self.program = _find_engine(image)

    def launch(self, box: Box) -> Launched:
        """Start a container that ends with its worker."""
        name = f"dlcalc-{secrets.token_hex(8)}"
        process = start(self.command(box, name), stderr=subprocess.PIPE)
        return Launched(process, on_kill=lambda: self._kill(name))

    def command(self, box: Box, name: str) -> list[str]:
        """The engine's command line for one worker."""
        limits = self.limits
        options = ["run", "--rm", "--interactive", "--init", "--name", name, "--network", "none", "--read-only"]
        options += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", USER, "--ipc", "private"]
        options += ["--pids-limit", str(limits.processes), "--memory", str(limits.total_memory)]
        options += ["--memory-swap", str(limits.total_memory), "--cpus", "1", "--pull", "never", "--log-driver", "none"]
        options += ["--tmpfs", f"/tmp:rw,nosuid,nodev,noexec,size={limits.scratch},mode=1777"]  # noqa: S108 - the container's own
        options += ["--shm-size", "1m", "--workdir", "/tmp", "--hostname", "sandbox", "--entrypoint", "python3"]  # noqa: S108
        folders = {"/box": box.code} | ({"/lesson": box.lesson} if box.lesson is not None else {})
        for destination, source in folders.items():
            options += ["--mount", f"type=bind,source={source},destination={destination},readonly"]
        for name_, value in WORKER_ENVIRONMENT.items():
            options += ["--env", f"{name_}={value}"]
        # Without -S: the image's NumPy lies in its site-packages, and dlcalc does not.
        flags = [flag for flag in PYTHON_FLAGS if flag != "-S"]
        code = START.format(path=["/box", "/lesson"])
        worker = worker_options(limits, box=box, alone=True, scratch=["/tmp", "/dev/shm"])  # noqa: S108
        return [self.program, *options, self.image, *flags, "-c", code, worker]

    def _kill(self, name: str) -> None:
        subprocess.run([self.program, "kill", name], capture_output=True, check=False, timeout=30)


def _find_engine(image: str) -> str:
    program = shutil.which("docker") or shutil.which("podman")
    if program is None:
        raise SandboxError("--sandbox docker needs Docker or Podman, and neither is installed.")
    try:
        asked = subprocess.run(
            [program, "image", "inspect", image], capture_output=True, text=True, check=False, timeout=60
        )
    except subprocess.TimeoutExpired:
        message = f"The container engine ({program}) does not answer."
        raise SandboxError(message) from None
    if asked.returncode == 0:
        return program
    reason = (asked.stderr.strip().splitlines() or ["no reason given"])[-1]
    message = f"--sandbox docker finds no image {image!r} ({reason}). docs/grading.md says how to build it."
    raise SandboxError(message)
