"""What README shows is what happens."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_runs_and_prints_what_its_comment_says(example):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example, "README.md", "exec"), {})
    promised = re.findall(r"^print\(.*\) +# (.*)$", example, re.MULTILINE)
    assert printed.getvalue().splitlines() == promised


def test_there_are_examples():
    assert len(EXAMPLES) >= 2


def test_the_map_names_every_lesson():
    numbers = re.findall(r"^\| (\d\d) \| (.+?) \|", README, re.MULTILINE)
    assert [number for number, _ in numbers] == [f"{n:02d}" for n in range(11)]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_link_to_a_file_leads_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
