"""Root grades as safely as anyone: sandboxes then start under a user id that owns nothing.

Limits on processes do not hold for root, and root's files would be readable where they are visible. So the grader,
when it is root, starts bubblewrap under the highest user id that nobody uses. That user cannot reach a Python that
lies in root's home. The few folders that a sandbox shows are therefore bound, once and before the change of user, to
a staging place that exists in a mount namespace of ours only: neither the machine's own mounts nor its folders change.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from dlcalc.grading.launching import SandboxError

USERS = Path("/proc/self/uid_map")
STAGES = ("/mnt", "/media", "/srv", "/run")
TOOLS = ("unshare", "nsenter", "setpriv", "mount")
ADVICE = "Run dlcalc grade as an ordinary user instead."

# $1 is the staging place, then pairs of source and name in it. The shell sees paths as arguments, never as code.
SCRIPT = """set -e
stage=$1; shift
mount -t tmpfs -o mode=0755,size=1m dlcalc "$stage"
while [ $# -gt 0 ]; do
  if [ -d "$1" ]; then mkdir "$stage/$2"; else : > "$stage/$2"; fi
  mount --rbind -- "$1" "$stage/$2"
  shift 2
done
echo ready
read -r _ || true
"""


def is_root() -> bool:
    """Whether this process may do everything."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


class Stage:
    """A mount namespace in which an unprivileged user reaches the given folders.

    Parameters
    ----------
    sources : list of Path
        What sandboxes show.

    Raises
    ------
    SandboxError
        If this machine does not let root do so.
    """

    def __init__(self, sources: list[Path]) -> None:
        self.tools = {tool: shutil.which(tool) or "" for tool in TOOLS}
        missing = [tool for tool, program in self.tools.items() if not program]
        if missing:
            message = f"Grading as root needs {', '.join(missing)} (util-linux), which is not installed. {ADVICE}"
            raise SandboxError(message)
        self.user = unused_user_id()
        self.place = _free_place(sources)
        self.names = {source: str(index) for index, source in enumerate(dict.fromkeys(sources))}
        self.namespace = self._make()

    def path(self, source: Path) -> str:
        """Where a source is to be found inside the namespace."""
        return f"{self.place}/{self.names[source]}"

    def wrap(self, command: list[str]) -> tuple[list[str], int]:
        """The command inside the namespace under the unprivileged user, and the descriptor that it must inherit."""
        user = str(self.user)
        enter = [self.tools["nsenter"], f"--mount=/proc/self/fd/{self.namespace}", "--"]
        drop = [self.tools["setpriv"], f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all", "--"]
        return [*enter, *drop, *command], self.namespace

    def close(self) -> None:
        """Let the namespace go; the kernel takes its mounts away with it."""
        os.close(self.namespace)

    def _make(self) -> int:
        pairs = [text for source, name in self.names.items() for text in (str(source), name)]
        command = [
            self.tools["unshare"],
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            SCRIPT,
            "sh",
            self.place,
            *pairs,
        ]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"]},
        ) as holder:
            assert holder.stdout is not None and holder.stderr is not None  # noqa: S101, PT018 - pipes were asked for
            if holder.stdout.readline() != b"ready\n":
                problem = holder.stderr.read().decode(errors="replace").strip().splitlines()
                message = (
                    f"Root cannot prepare a sandbox here ({problem[0] if problem else 'no reason given'}). {ADVICE}"
                )
                raise SandboxError(message)
            # The open descriptor keeps the namespace alive; the process is no longer needed.
            return os.open(f"/proc/{holder.pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)


def unused_user_id() -> int:
    """The highest user id of this user namespace, below 2³¹, that has no name here.

    Raises
    ------
    SandboxError
        If the namespace has no other user than root.
    """
    ranges = []
    for line in USERS.read_text(encoding="ascii").splitlines():
        first, _, length = map(int, line.split())
        ranges.append((first, min(first + length, 2**31 - 10_000)))
    for first, end in sorted(ranges, reverse=True):
        for user in range(end - 1, max(first, end - 1000, 1) - 1, -1):
            if not _has_name(user):
                return user
    message = f"Root has no other user id here to run submissions under. {ADVICE}"
    raise SandboxError(message)


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _free_place(sources: list[Path]) -> str:
    for stage in STAGES:
        hides_a_source = any(source.is_relative_to(stage) for source in sources)
        if Path(stage).is_dir() and not Path(stage).is_symlink() and not hides_a_source:
            return stage
    message = f"Root finds no folder to prepare a sandbox in ({', '.join(STAGES)}). {ADVICE}"
    raise SandboxError(message)
