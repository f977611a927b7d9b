"""What README and docs say is so: commands exist, examples run, names are explained, links lead somewhere."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from pathlib import Path

import pytest

from autograder import checks, cli
from autograder.checks.diagnosis import load_variants
from autograder.records import Verdict
from tests.toolkit.classroom import Classroom, cell
from tests.toolkit.tiny import answer_cell, given_cell, source_notebook, test_cell

COURSE = Path(__file__).parents[2]
PAGES = sorted(path for path in [*COURSE.glob("*.md"), *COURSE.glob("docs/**/*.md")])

SOFTMAX = """\
def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)
"""


def blocks(path: Path, language: str) -> list[str]:
    """The code blocks of a page that are in a language ("" for none)."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)


def invocations(path: Path, program: str) -> list[str]:
    """What stands behind `program` in a page, in code blocks and between backticks."""
    text = path.read_text()
    inline = re.findall(rf"`(?:\.venv/bin/)?{program} ([^`\n]+)`", text)
    lines = [
        line
        for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]
    typed = [
        found[1] for line in lines if (found := re.match(rf"\$? ?(?:\.venv/bin/)?{program} (.+?)(?:  +#.*)?$", line))
    ]
    return inline + typed


SHOWN = [(path, words) for path in PAGES for words in invocations(path, "autograder")]


@pytest.mark.parametrize(("path", "words"), SHOWN, ids=[f"{path.name}: {words}" for path, words in SHOWN])
def test_a_command_that_is_shown_exists(path, words):
    if " " not in words:
        assert words in commands()
        return
    for attempt in (re.sub(r"\[[^]]*\]", "", words), re.sub(r"[\[\]]", "", words)):
        arguments = ["3" if word == "N" else word.strip("<>") for word in attempt.replace("...", "").split()]
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            try:
                cli._parser().parse_args(arguments)
            except SystemExit:
                pytest.fail(f"{path.name}: {said.getvalue()}")


def commands() -> list[str]:
    """The commands that `autograder --help` lists."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.raises(SystemExit):
        cli.main(["--help"])
    return re.findall(r"^    (\w+) ", said.getvalue(), re.MULTILINE)


def test_every_command_is_shown_in_the_readme():
    readme = COURSE / "README.md"
    if not readme.is_file():
        pytest.skip("there is no README yet")
    assert "grade" in commands()
    shown = {words.split()[0] for words in invocations(readme, "autograder")}
    assert [command for command in commands() if command not in shown] == []


@pytest.mark.parametrize("path", PAGES, ids=[path.name for path in PAGES])
def test_a_target_of_make_that_is_shown_exists(path):
    targets = re.findall(r"^([\w-]+):", (COURSE / "Makefile").read_text(), re.MULTILINE)
    for words in invocations(path, "make"):
        assert words.split()[0] in targets


@pytest.mark.parametrize("path", PAGES, ids=[path.name for path in PAGES])
def test_a_link_leads_somewhere(path):
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
        assert link.startswith(("https://", "mailto:")) or (path.parent / link).exists(), link


def test_every_name_of_the_vocabulary_is_explained():
    page = (COURSE / "docs" / "checks.md").read_text()
    rows = " ".join(re.findall(r"^\| (.+?) \|", page, re.MULTILINE))
    assert [name for name in checks.__all__ if not re.search(rf"`{name}\b", rows)] == []


def test_every_verdict_is_in_the_glossary():
    glossary = (COURSE / "docs" / "glossary.md").read_text()
    (row,) = re.findall(r"^\| verdict \| (.+?) \|$", glossary, re.MULTILINE)
    assert [verdict for verdict in Verdict if not re.search(rf"\b{verdict}\b", row)] == []


def test_the_readme_s_check_is_the_one_that_is_explained():
    if not (COURSE / "README.md").is_file():
        pytest.skip("there is no README yet")
    assert blocks(COURSE / "README.md", "python")[0] == blocks(COURSE / "docs" / "checks.md", "python")[0]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """A course whose only check of `softmax` is the example of docs/checks.md, and whose misconception is too."""
    room = Classroom(tmp_path_factory.mktemp("course"))
    check, *others = blocks(COURSE / "docs" / "checks.md", "python")
    (misconception,) = [block for block in others if "@misconception" in block]
    room.write_assignment(
        "softmax",
        source_notebook(
            given_cell("import numpy as np", "imports"),
            answer_cell(SOFTMAX, "softmax"),
            test_cell("softmax", "softmax", 1),
        ),
    )
    room.write_checks("softmax", softmax=check)
    room.write("tests/checks/softmax/misconceptions.py", misconception)
    shutil.copy(COURSE / "solutions" / "softmax.py", room.root / "solutions")
    return room


def test_the_example_check_runs_at_the_desk_as_the_page_says(room):
    right = room.run("pytest", "tests/checks/softmax", "-q", "-p", "no:cacheprovider")
    assert "1 passed" in right.out, right.out + right.err
    notebook = room.released("softmax")
    (variant,) = load_variants(room.root / "tests" / "checks" / "softmax", "misconception")
    cell(notebook, "softmax_answer")["source"] = variant.source
    room.submit("ada", notebook, "softmax")
    path = room.root / "submitted" / "ada" / "softmax" / "softmax.ipynb"
    wrong = room.run("pytest", "tests/checks/softmax", "-q", "-p", "no:cacheprovider", f"--submission={path}")
    assert "1 failed" in wrong.out, wrong.out + wrong.err
    assert "are not finite" in wrong.out


def test_the_example_misconception_is_named_with_its_text(room):
    (variant,) = load_variants(room.root / "tests" / "checks" / "softmax", "misconception")
    assert variant.words == "no maximum subtracted"
    for part in ("What it does:", "Why it is wrong:", "Example:"):
        assert part in variant.text
    graded = room.autograder("grade", "softmax")
    assert graded.status == 0, graded.err
    (check,) = room.results("ada", "softmax")["questions"][0]["checks"]
    assert (check["verdict"], check["misconception"]) == ("fail", "no maximum subtracted")
    assert check["title"] == "Large logits do not overflow."
    assert check["hint"].lower() == "subtract each row's own maximum before exponentiating."
