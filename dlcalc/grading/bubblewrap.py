"""The sandbox on Linux: bubblewrap, unprivileged, with nothing inside but Python, its libraries and one box.

The file system is a list of what is shown, all of it read-only, and a private /tmp in memory. There is no network, no
other process, no environment, no capability, no further user namespace, no shell. Arguments reach bubblewrap through
a pipe, so its command line tells nothing either.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dlcalc.grading import seccomp
from dlcalc.grading.box import installed_packages
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
from dlcalc.grading.unprivileged import Stage, is_root

if TYPE_CHECKING:
    from dlcalc.grading.box import Box
    from dlcalc.grading.limits import Limits

# The dynamic loader, and where it looks; the folders of the libraries themselves are found out.
SYSTEM = ("/lib", "/lib64", "/usr/lib64", "/etc/ld.so.cache", "/etc/alternatives")
INSTALLED = ("site-packages", "dist-packages")
# No others: mapped as shared, /dev/zero is memory that belongs to no process, and the machine's terminals are counted.
DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")
SYSTEMS = {"win32": "Windows", "darwin": "macOS"}
INSTALL = "Install it (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap)"


class Bubblewrap(Sandbox):
    """Start workers under bwrap.

    Parameters
    ----------
    boxes : sequence of Box
        All boxes that will be launched.
    limits : Limits

    Raises
    ------
    SandboxError
        If bubblewrap is missing or too old, or root cannot give up its rights.
    """

    name = "bwrap"

    def __init__(self, boxes: tuple[Box, ...], limits: Limits) -> None:
        self.limits = limits
        self.program = _find_bubblewrap()
        self.filter = seccomp.program(platform.machine())
        self.shared = _shared_mounts()
        folders = [path for box in boxes for path in (box.code, box.lesson) if path is not None]
        self.stage = Stage([*self.shared.values(), *folders]) if is_root() else None

    def launch(self, box: Box) -> Launched:
        """Start a worker; when this returns, its first process is known and can be killed with all its kin."""
        information, inform = os.pipe()
        arguments, given = os.pipe()
        passed = [inform, arguments]
        options = self._arguments(box, inform)
        if self.filter is not None:
            passed.append(_readable(self.filter))
            options += ["--seccomp", str(passed[-1])]
        command = [self.program, "--args", str(arguments), "--", *self._worker(box)]
        kept = []
        if self.stage is not None:
            command, namespace = self.stage.wrap(command)
            kept.append(namespace)
        process = start(command, stderr=subprocess.PIPE, pass_fds=passed + kept, env={}, cwd="/")
        for descriptor in passed:
            os.close(descriptor)
        _write_all(given, "\0".join(options).encode() + b"\0")
        return _identified(process, information)

    def close(self) -> None:
        """Let the staging namespace go, if there is one."""
        if self.stage is not None:
            self.stage.close()

    def _arguments(self, box: Box, inform: int) -> list[str]:
        folders = {"/box": box.code} | ({"/lesson": box.lesson} if box.lesson is not None else {})
        options = ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
        # As the first process of its namespace the worker cannot be killed, stopped or traced from inside.
        options += ["--as-pid-1"]
        options += ["--cap-drop", "ALL", "--uid", "65534", "--gid", "65534", "--hostname", "sandbox", "--clearenv"]
        options += [text for pair in WORKER_ENVIRONMENT.items() for text in ("--setenv", *pair)]
        options += ["--info-fd", str(inform), "--proc", "/proc"]
        for device in DEVICES:
            options += ["--dev-bind", device, device]
        options += ["--symlink", "/proc/self/fd", "/dev/fd"]
        options += ["--size", str(1 << 20), "--tmpfs", "/dev/shm"]  # noqa: S108 - the sandbox's own
        options += ["--size", str(self.limits.scratch), "--tmpfs", "/tmp"]  # noqa: S108
        for destination, source in (self.shared | folders).items():
            options += ["--ro-bind", self._source(source), destination]
        for destination in _masks(list(self.shared)):
            options += ["--tmpfs", destination, "--remount-ro", destination]
        for link, target in _system_links().items():
            options += ["--symlink", target, link]
        return [*options, "--remount-ro", "/", "--chdir", "/tmp"]  # noqa: S108

    def _source(self, source: Path) -> str:
        return self.stage.path(source) if self.stage is not None else str(source)

    def _worker(self, box: Box) -> list[str]:
        code = START.format(path=["/box", "/lesson", "/packages"])
        options = worker_options(self.limits, box=box, alone=True, scratch=["/tmp", "/dev/shm"])  # noqa: S108
        return [str(_interpreter()), *PYTHON_FLAGS, "-c", code, options]


def _find_bubblewrap() -> str:
    if not sys.platform.startswith("linux"):
        message = (
            f"The bubblewrap sandbox exists on Linux only, and this is {SYSTEMS.get(sys.platform, sys.platform)}: "
            "use --sandbox docker, or grade on a Linux machine (the Windows Subsystem for Linux is one)."
        )
        raise SandboxError(message)
    program = shutil.which("bwrap")
    if program is None:
        message = f"The sandbox needs bubblewrap (bwrap), which is not installed. {INSTALL}, or use --sandbox docker."
        raise SandboxError(message)
    usage = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    if "--disable-userns" not in usage.stdout + usage.stderr:
        message = (
            f"The sandbox needs bubblewrap 0.8 or newer, and {program} is older. Update it, or use --sandbox docker."
        )
        raise SandboxError(message)
    return program


def _interpreter() -> Path:
    """The Python that a virtual environment rests on; it needs no virtual environment to run."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _shared_mounts() -> dict[str, Path]:
    """Destination and source of everything that is shown besides the box."""
    python = _interpreter()
    standard = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")]
    # A virtual environment's own copy of these paths is empty; the interpreter that it rests on has the modules.
    standard += [Path(sys.base_prefix).resolve() / path.parent.name / path.name for path in standard]
    system = [Path(path) for path in SYSTEM if not Path(path).is_symlink()]
    shown: list[Path] = []
    for place in sorted({*system, *_library_folders(), *(path for path in standard if (path / "os.py").exists())}):
        if place.exists() and not any(place.is_relative_to(other) for other in shown):
            shown.append(place)
    mounts = {str(place): place for place in [*shown, python]}
    packages = {f"/packages/{name}": path.resolve() for name, path in installed_packages().items()}
    return mounts | packages


def _library_folders() -> set[Path]:
    """The folders of the shared libraries that this process has loaded, NumPy's own and Python's modules excepted."""
    packages = [path.resolve() for path in installed_packages().values()]
    folders = set()
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        _, slash, rest = line.partition("/")
        path = Path(slash + rest)
        is_library = ".so" in path.name and not any(path.is_relative_to(package) for package in packages)
        if is_library and not any(part in INSTALLED for part in path.parts):
            folders.add(path.parent)
    return folders


def _system_links() -> dict[str, str]:
    """Links such as /lib → usr/lib, which stay links."""
    return {path: str(Path(path).readlink()) for path in SYSTEM if Path(path).is_symlink()}


def _masks(shown: list[str]) -> list[str]:
    """Folders within what is shown that must look empty: everything that pip or the system installed for Python."""
    masks: set[str] = set()
    for place in shown:
        if not place.startswith("/packages/"):
            for name in INSTALLED:
                masks.update(
                    str(found) for pattern in (name, f"python3*/{name}") for found in Path(place).glob(pattern)
                )
    own = Path(__file__).resolve().parents[1]
    for folder in (own, own.parent / "lessons"):
        inside = any(folder.is_relative_to(place) for place in shown if not place.startswith("/packages/"))
        if inside and not any(folder.is_relative_to(mask) for mask in masks):
            masks.add(str(folder))
    return sorted(masks)


def _write_all(descriptor: int, content: bytes) -> None:
    # Where bwrap has ended already, it says why on its standard error.
    with suppress(BrokenPipeError), open(descriptor, "wb") as pipe:
        pipe.write(content)


def _readable(content: bytes) -> int:
    """A pipe's reading end with the content, which must fit into the pipe."""
    reader, writer = os.pipe()
    _write_all(writer, content)
    return reader


def _identified(process: subprocess.Popen[bytes], information: int) -> Launched:
    """Read the number of the sandbox's first process, and get a handle on it that no later process can inherit."""
    with open(information, "rb") as pipe:
        told = pipe.read()
    try:
        pid = int(json.loads(told)["child-pid"])
        return Launched(process, init=os.pidfd_open(pid), init_pid=pid)
    except (ValueError, KeyError, ProcessLookupError):
        return Launched(process)
