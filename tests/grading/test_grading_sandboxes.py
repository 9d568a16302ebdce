"""How workers are started: what bubblewrap shows and hides, what containers are told, how root gives up its rights."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from sandboxed import is_alive

from dlcalc.exercises import EXERCISES
from dlcalc.grading import bubblewrap, course, docker, seccomp, unprivileged
from dlcalc.grading.bare import Bare
from dlcalc.grading.box import Box, build_boxes, installed_packages, remove_boxes
from dlcalc.grading.grader import Grader
from dlcalc.grading.launching import SandboxError
from dlcalc.grading.limits import Limits
from dlcalc.grading.suspicion import SIGNS, suspicion
from dlcalc.grading.trial import notebook_with
from dlcalc.grading.watcher import Watcher, consumption, scratch_use
from dlcalc.grading.worker_process import WorkerProcess

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="bubblewrap exists on Linux only")
SECRET_MODULES = ("lesson0", "lesson1", "catalogue", "judging", "comparison", "telling", "grader", "course")


@pytest.fixture
def boxes() -> object:
    made = build_boxes(course.DRIVER, course.core_driver_files())
    yield made
    remove_boxes(made[0])


def files(folder: Path | None) -> set[str]:
    assert folder is not None
    return {str(path.relative_to(folder)) for path in folder.rglob("*.py")}


def test_the_ordinary_box_holds_the_worker_and_the_drivers_core(boxes: tuple[Box, Box]) -> None:
    plain, special = boxes
    assert plain.lesson is None
    found = files(plain.code)
    assert {"box/worker.py", "box/wire.py", "box/driving/drive.py"} <= found
    # φ′ is an exercise of lesson 04, so its file travels with the exercises that are given φ′ only.
    assert not {name for name in found for word in ("activations", "functions", "graphs", "models") if word in name}
    assert not {name for name in found for word in SECRET_MODULES if word in name}
    assert not {name for name in files(special.lesson) for word in (*SECRET_MODULES, "backpropagation") if word in name}
    assert all(name.startswith("dlcalc/") for name in files(special.lesson))


def test_no_reference_solution_stands_in_a_box(boxes: tuple[Box, Box]) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in boxes[0].code.rglob("*.py"))
    assert not [name for name, exercise in EXERCISES.items() if exercise.solution in text]


def test_the_libraries_are_a_list_without_dlcalc() -> None:
    found = installed_packages()
    assert found["numpy"].resolve() == Path(np.__file__).parent.resolve()
    assert not [name for name in found if "dlcalc" in name or name.endswith((".pth", ".dist-info")) or name == "pytest"]


@LINUX
@LINUX
def test_a_sandbox_that_is_still_being_set_up_is_not_charged_with_the_machines_own_tmp() -> None:
    # This process's root is the machine's, as that of a sandbox before it has one of its own.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        (Path(folder) / "file").write_bytes(bytes(10**6))
        machine = os.statvfs("/tmp")
        assert machine.f_bfree < machine.f_blocks
        assert scratch_use(os.getpid()) == (0, 0)


class TestBubblewrap:
    def arguments(self, boxes: tuple[Box, Box]) -> list[str]:
        try:
            sandbox = bubblewrap.Bubblewrap(boxes, Limits())
        except SandboxError as error:
            pytest.skip(f"no sandbox on this machine: {error}")  # a test of its arguments needs bubblewrap's version
        try:
            return sandbox._arguments(boxes[0], 9)
        finally:
            sandbox.close()

    def test_every_mount_of_the_machine_is_read_only(self, boxes: tuple[Box, Box]) -> None:
        arguments = self.arguments(boxes)
        assert not {"--bind", "--dev", "--bind-try", "--share-net", "--cap-add"} & set(arguments)
        devices = [arguments[i + 2] for i, argument in enumerate(arguments) if argument == "--dev-bind"]
        assert devices == ["/dev/null", "/dev/random", "/dev/urandom"]
        destinations = [arguments[i + 2] for i, argument in enumerate(arguments) if argument == "--ro-bind"]
        assert "/box" in destinations
        assert not {"/", "/usr", "/home", "/root", "/etc", "/tmp", "/var", "/run", "/opt", "/srv"} & set(destinations)

    def test_installed_packages_of_the_shown_pythons_are_masked(self, boxes: tuple[Box, Box]) -> None:
        arguments = self.arguments(boxes)
        masked = {arguments[i + 1] for i, argument in enumerate(arguments) if argument == "--tmpfs"}
        shown = [arguments[i + 2] for i, argument in enumerate(arguments) if argument == "--ro-bind"]
        packages = {
            str(found)
            for place in shown
            if not place.startswith(("/packages", "/box"))
            for found in Path(place).rglob("*-packages")
            if found.name in ("site-packages", "dist-packages") and found.parent.name.startswith("python3")
        }
        assert packages <= masked

    def test_the_command_line_tells_nothing(self, boxes: tuple[Box, Box], sandbox_works: None) -> None:
        sandbox = bubblewrap.Bubblewrap(boxes, Limits())
        watcher = Watcher()
        worker = WorkerProcess(sandbox.launch(boxes[0]), Limits(), watcher)
        try:
            worker.wait_until_ready()
            seen = b"".join(
                Path(f"/proc/{worker.launched.init_pid}/{name}").read_bytes() for name in ("cmdline", "environ")
            )
            assert b"box.worker" in seen
            assert str(boxes[0].code).encode() not in seen
            assert os.environ["PATH"].encode() not in seen
        finally:
            worker.close()
            watcher.close()
            sandbox.close()

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root has rights to give up")
    def test_root_grades_under_a_user_that_owns_nothing(self, boxes: tuple[Box, Box], sandbox_works: None) -> None:
        sandbox = bubblewrap.Bubblewrap(boxes, Limits())
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
        watcher = Watcher()
        worker = WorkerProcess(sandbox.launch(boxes[0]), Limits(), watcher)
        try:
            worker.wait_until_ready()
            status = Path(f"/proc/{worker.launched.init_pid}/status").read_text(encoding="utf-8")
            users = set(next(line for line in status.splitlines() if line.startswith("Uid")).split()[1:])
            assert users == {str(unprivileged.unused_user_id())}
            assert "0" not in users
            groups = next(line for line in status.splitlines() if line.startswith("Groups")).split()[1:]
            assert "0" not in groups
            assert "CapBnd:\t0000000000000000" in status
        finally:
            worker.close()
            watcher.close()
            sandbox.close()
        assert Path("/proc/self/mountinfo").read_text(encoding="utf-8") == mounts

    def test_a_grader_that_is_root_without_the_tools_refuses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(unprivileged.shutil, "which", lambda name: None)
        with pytest.raises(SandboxError, match="ordinary user"):
            unprivileged.Stage([])

    def test_a_namespace_with_root_alone_has_nobody_to_grade_as(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(unprivileged, "USERS", tmp_path / "uid_map")
        (tmp_path / "uid_map").write_text("0 1000 1\n", encoding="ascii")
        with pytest.raises(SandboxError, match="no other user id"):
            unprivileged.unused_user_id()
        (tmp_path / "uid_map").write_text("0 1000 1\n1 100000 65536\n", encoding="ascii")
        assert 60_000 < unprivileged.unused_user_id() <= 65_536


@pytest.mark.parametrize("machine", seccomp.AUDIT_ARCH)
def test_the_filter_is_a_program_of_whole_steps_that_ends_in_a_verdict(machine: str) -> None:
    program = seccomp.program(machine)
    assert program is not None
    assert len(program) % 8 == 0
    assert len(program) < 65_536
    assert int.from_bytes(program[-4:], "little") == seccomp.ALLOW
    assert seccomp.program("pdp11") is None


class TestDocker:
    def command(self, tmp_path: Path, lesson: Path | None = None) -> list[str]:
        made = object.__new__(docker.Docker)
        made.limits, made.image, made.program = Limits(), "image", "docker"
        return made.command(Box(tmp_path, lesson), "name")

    def test_a_container_has_no_network_no_rights_and_limits(self, tmp_path: Path) -> None:
        text = " ".join(self.command(tmp_path))
        for option in (
            "--network none",
            "--read-only",
            "--cap-drop ALL",
            "--security-opt no-new-privileges",
            "--pids-limit 16",
            "--user 65534:65534",
            "--rm",
            "--pull never",
            "--name name",
            "--memory-swap 1610612736",
        ):
            assert option in text
        assert not {"--privileged", "--volume", "-v", "--cap-add", "--device", "--pid", "--env-file"} & set(
            text.split()
        )

    def test_only_the_box_is_mounted_and_read_only(self, tmp_path: Path) -> None:
        command = self.command(tmp_path, tmp_path / "lesson")
        mounts = [command[i + 1] for i, argument in enumerate(command) if argument == "--mount"]
        assert mounts == [
            f"type=bind,source={tmp_path},destination=/box,readonly",
            f"type=bind,source={tmp_path / 'lesson'},destination=/lesson,readonly",
        ]

    def engine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
        program = tmp_path / "docker"
        program.write_text("#!/bin/sh\n" + script, encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setattr(docker.shutil, "which", lambda name: str(program) if name == "docker" else None)

    @pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
    def test_an_engine_without_the_image_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine(tmp_path, monkeypatch, "echo 'No such image: x' >&2; exit 1")
        with pytest.raises(SandboxError, match="No such image: x"):
            docker.Docker(Limits(), "x")

    @pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
    def test_the_worker_speaks_through_the_engines_pipe(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, boxes: tuple[Box, Box]
    ) -> None:
        # A stand-in for the engine: it runs the worker itself, with the box where the mount would be.
        site = Path(np.__file__).parents[1]
        self.engine(
            tmp_path,
            monkeypatch,
            f'case "$1" in image|kill) exit 0;; esac\n'
            f'while [ "$1" != image ]; do shift; done; shift\n'
            f'code=$(printf "%s" "$8" | sed "s#/box#{boxes[0].code}#; s#/lesson#{site}#")\n'
            f'options=$(printf "%s" "$9" | sed \'s#"alone": true#"alone": false#; s#"/dev/shm"##; s#, ]#]#\')\n'
            f'options=$(printf "%s" "$options" | sed "s#/tmp#{tmp_path / "scratch"}#")\n'
            f'exec {sys.executable} "$1" "$2" "$3" "$4" "$5" "$6" -c "$code" "$options"\n',
        )
        (tmp_path / "scratch").mkdir()
        watcher = Watcher()
        grader = Grader(docker.Docker(Limits(), "image"), boxes, watcher, seed=1)
        try:
            exercise = EXERCISES["01.augment"]
            rows = grader.grade_content("a", notebook_with({exercise.id: exercise.solution}))
        finally:
            watcher.close()
        assert (rows[0].verdict, rows[0].message) == ("correct", "Right.")


class TestBare:
    def test_a_loop_is_ended_and_its_scratch_folder_removed(self, boxes: tuple[Box, Box]) -> None:
        limits = Limits(cell_seconds=1.0)
        watcher = Watcher()
        sandbox = Bare(limits)
        grader = Grader(sandbox, boxes, watcher, seed=1, limits=limits)
        launched: list[object] = []
        real = sandbox.launch
        sandbox.launch = lambda box: launched.append(real(box)) or launched[-1]  # type: ignore[method-assign, return-value]
        try:
            rows = grader.grade_content("a", notebook_with({"01.augment": "while True: pass"}))
        finally:
            watcher.close()
        assert rows[0].verdict == "timeout"
        assert all(not process.scratch.exists() for process in launched)  # type: ignore[attr-defined]
        child = launched[-1].child  # type: ignore[attr-defined]
        assert child is None or not is_alive(child)

    def test_an_installed_dlcalc_is_as_absent_as_in_a_sandbox(self, boxes: tuple[Box, Box]) -> None:
        watcher = Watcher()
        sandbox = Bare(Limits())
        sandbox.packages = [*sandbox.packages, str(course.DRIVER.parents[2])]
        grader = Grader(sandbox, boxes, watcher, seed=1)
        try:
            rows = grader.grade_content("a", notebook_with({"01.augment": "import dlcalc.exercises"}))
        finally:
            watcher.close()
        assert "ModuleNotFoundError" in rows[0].message


@LINUX
def test_a_worker_that_is_wrongly_told_to_be_alone_refuses_before_it_could_kill_others() -> None:
    code = "from dlcalc.grading.worker import main; main({'alone': True})"
    environment = {**os.environ, "PYTHONPATH": str(Path(course.DRIVER).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "it is not" in done.stderr


CONSUMERS = {
    "pages that are shared and belong to no file": """
import mmap
x = mmap.mmap(-1, SIZE)
for _ in range(50): x.write(bytes(10**6))
""",
    "a process whose first thread has ended": """
import ctypes, threading
def hold():
    ended.wait(0.2)
    global x
    x = bytearray(SIZE)
    print(flush=True)
    time.sleep(60)
ended = threading.Event()
threading.Thread(target=hold).start()
exit_thread = {"x86_64": 60, "aarch64": 93}[os.uname().machine]
ctypes.CDLL(None).syscall(exit_thread, 0)
""",
}


@LINUX
@pytest.mark.parametrize("consumer", CONSUMERS)
def test_consumption_counts_what_hides(consumer: str) -> None:
    code = f"import os, time; SIZE = 50_000_000\n{CONSUMERS[consumer]}\nprint(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        count, memory = consumption(process.pid)
        os.killpg(process.pid, 9)
    assert count == 1
    assert 50_000_000 < memory < 150_000_000


@LINUX
def test_consumption_counts_a_process_and_its_children() -> None:
    code = (
        "import os, time; x = bytearray(50_000_000); [os.fork() for _ in range(2)]; print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        for _ in range(4):
            process.stdout.readline()
        count, memory = consumption(process.pid)
        os.killpg(process.pid, 9)
    assert count == 4
    assert 4 * 50_000_000 < memory < 4 * 150_000_000


def test_the_watcher_ends_what_is_added_after_the_end() -> None:
    class Late:
        killed = ""
        deadline = time.monotonic() + 100

        def kill(self, reason: str) -> None:
            self.killed = reason

    watcher, late = Watcher(), Late()
    watcher.close()
    watcher.add(late)  # type: ignore[arg-type]
    assert late.killed == "interrupted"


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("import os; os._exit(0)", "ends or signals"),
        ("np.allclose = lambda *a: True", "changes NumPy"),
        ("open('/proc/1/environ')", "looks at the system"),
        ("from dlcalc.exercises import EXERCISES", "course's own code"),
        ("class A(np.ndarray): pass", "array class"),
        ("import ctypes", "C directly"),
    ],
)
def test_what_was_tried_is_told(source: str, word: str) -> None:
    assert word in suspicion("01.augment", source)


@pytest.mark.parametrize("sign", SIGNS, ids=[sentence for sentence, _ in SIGNS])
def test_no_source_can_make_the_search_long(sign: tuple[str, str]) -> None:
    # A pattern whose repetitions all have a bound takes time that grows as the source does.
    assert not re.search(r"(?<!\\)[*+](?!\w*\])|\{\d+,\}", sign[1])


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_no_worked_solution_is_suspicious(exercise: object) -> None:
    assert suspicion("x", exercise.solution) == ""  # type: ignore[attr-defined]
