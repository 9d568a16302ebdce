"""The edition that runs in the browser, as far as it can be seen without one: wheel, lock and settings."""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile

import pytest

import dlcalc
from dlcalc.site import lite, pyodide
from dlcalc.site.course import lessons
from dlcalc.site.pyodide import TABLE, Distribution, check
from dlcalc.site.wheel import write_wheel


def test_the_wheel_holds_the_library_and_imports_away_from_the_checkout(tmp_path):
    wheel = write_wheel(tmp_path)
    names = zipfile.ZipFile(wheel).namelist()
    assert {"dlcalc/__init__.py", "dlcalc/data/digits.npz", "dlcalc/widgets/player.js"} <= set(names)
    assert not [name for name in names if re.search(r"_lessons|/grading/|/site/|__pycache__|solutions", name)]
    code = f"import sys; sys.path.insert(0, {str(wheel)!r}); import dlcalc.exercises as e; print(e.__file__)"
    shown = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path += {sys.path!r}; {code}"],
                           check=True, capture_output=True, text=True, cwd=tmp_path).stdout  # fmt: skip
    assert str(wheel) in shown


def test_the_same_library_gives_the_same_wheel(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert write_wheel(tmp_path / "a").read_bytes() == write_wheel(tmp_path / "b").read_bytes()


def test_every_file_of_the_wheel_is_in_its_record_with_its_digest(tmp_path):
    archive = zipfile.ZipFile(write_wheel(tmp_path))
    record = archive.read(f"dlcalc-{dlcalc.__version__}.dist-info/RECORD").decode()
    assert {line.split(",")[0] for line in record.splitlines()} == set(archive.namelist())


def test_the_table_is_closed_under_what_its_packages_need():
    offered = {*TABLE["packages"], *TABLE["wheels"], "widgetsnbextension"}
    normal = {name.lower().replace("_", "-") for name in offered}
    for entry in [*TABLE["packages"].values(), *TABLE["wheels"].values()]:
        assert {need.lower().replace("_", "-") for need in entry["depends"]} <= normal, entry["name"]
        assert re.fullmatch(r"[0-9a-f]{64}", entry["sha256"])
    assert set(TABLE["from_pypi"]) <= set(TABLE["packages"])
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in TABLE["core"].values())


def test_a_file_that_is_not_the_one_that_was_meant_is_refused():
    check(b"numpy", hashlib.sha256(b"numpy").hexdigest(), "numpy.whl")
    with pytest.raises(ValueError, match=r"numpy\.whl has the SHA-256"):
        check(b"numpy, and a little more", hashlib.sha256(b"numpy").hexdigest(), "numpy.whl")


def test_a_carrier_with_one_changed_file_is_refused(tmp_path, monkeypatch):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("folder/pyodide.mjs", "good")
        archive.writestr("folder/pyodide.asm.wasm", "changed")
    digests = {name: hashlib.sha256(b"good").hexdigest() for name in ("pyodide.mjs", "pyodide.asm.wasm")}
    carrier = {
        "requirement": "carrier==1",
        "sha256": hashlib.sha256(packed.getvalue()).hexdigest(),
        "folder": "folder/",
    }
    monkeypatch.setattr(
        pyodide, "TABLE", {**TABLE, "carrier": carrier, "core": digests, "packages": {}, "from_pypi": {}}
    )
    (tmp_path / "carrier-1-py3-none-any.whl").write_bytes(packed.getvalue())
    with pytest.raises(ValueError, match=r"pyodide\.asm\.wasm has the SHA-256"):
        Distribution(tmp_path / "out", tmp_path).bring_pyodide()


def test_a_damaged_download_in_the_cache_is_not_used(tmp_path, monkeypatch):
    entry = {"name": "thing", "version": "1", "file_name": "thing-1-py3-none-any.whl"}
    (tmp_path / entry["file_name"]).write_bytes(b"half")
    asked = []
    monkeypatch.setattr(pyodide, "download", lambda *arguments: asked.append(arguments))
    with pytest.raises(ValueError, match="not the file that was meant"):
        Distribution(tmp_path / "out", tmp_path).wheel(entry, hashlib.sha256(b"whole").hexdigest())
    assert len(asked) == 1


def test_offline_no_setting_names_another_server():
    assert "//" not in json.dumps(lite.settings(offline=True)).replace("\\/\\/", "")


def test_by_default_python_comes_from_pyodides_own_address_and_our_lock_from_the_site(tmp_path):
    kernel = lite.settings(offline=False)["jupyter-config-data"]["litePluginSettings"][f"{lite.KERNEL}:kernel"]
    assert kernel["pyodideUrl"] == f"https://cdn.jsdelivr.net/pyodide/v{TABLE['version']}/full/pyodide.mjs"
    assert kernel["loadPyodideOptions"]["lockFileURL"] == "static/python/pyodide-lock.json"
    distribution = Distribution(tmp_path / "out", tmp_path)
    distribution.refer_to_pyodide()
    distribution.add_wheel(write_wheel(tmp_path), depends=["numpy"], imports=["dlcalc"])
    packages = json.loads(distribution.write_lock().read_text())["packages"]
    assert packages["numpy"]["file_name"].startswith(TABLE["address"])
    assert packages["dlcalc"]["file_name"] == f"dlcalc-{dlcalc.__version__}-py3-none-any.whl"
    assert (
        packages["dlcalc"]["sha256"]
        == hashlib.sha256((tmp_path / "out" / packages["dlcalc"]["file_name"]).read_bytes()).hexdigest()
    )


def test_by_default_the_site_has_its_own_wheels_and_leaves_pyodide_where_it_is(tmp_path, monkeypatch):
    # Bytecode takes a whole Pyodide to make; test_lite_in_chromium has it.
    monkeypatch.setattr(lite, "node", lambda: None)
    try:
        lite.build(tmp_path / "run", lessons(["03"]), offline=False)
    except RuntimeError as error:
        if "cannot be downloaded" in str(error) and not os.environ.get("CI"):
            pytest.skip(str(error))
        raise
    folder = tmp_path / "run" / "static" / "python"
    config = json.loads((tmp_path / "run" / "jupyter-lite.json").read_text(encoding="utf-8"))
    kernel = config["jupyter-config-data"]["litePluginSettings"][f"{lite.KERNEL}:kernel"]
    assert kernel["pyodideUrl"].startswith(TABLE["address"])
    assert (tmp_path / "run" / kernel["loadPyodideOptions"]["lockFileURL"]) == folder / pyodide.LOCK
    packages = json.loads((folder / pyodide.LOCK).read_text(encoding="utf-8"))["packages"].values()
    here = {entry["file_name"]: entry["sha256"] for entry in packages if "//" not in entry["file_name"]}
    assert here == {path.name: pyodide.digest(path) for path in folder.glob("*.whl")}
    assert all(e["file_name"].startswith(TABLE["address"]) for e in packages if e["file_name"] not in here)
    assert {"NOTATION.md", "GLOSSARY.md"} <= {path.name for path in (tmp_path / "run" / "files").iterdir()}
