"""What runs on Gradescope: the submission in `/autograder/submission` -> `/autograder/results/results.json`.

The examiner is this process, root's. The notebook runs jailed, as another user, like everywhere else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import sys
import traceback
from pathlib import Path
from typing import Any

from autograder.batch import write_whole
from autograder.course import load_assignment, load_course
from autograder.examiner import Examiner
from autograder.grade import grade_submission
from autograder.records import CheckResult, Grade, QuestionResult, Verdict
from autograder.submissions import read_submission

_UNFINISHED = "The autograder did not finish: the submission took longer, or more memory, than there is here."
_OUR_FAULT = "The autograder failed, which is no fault of yours. Please tell your instructors: it will be run again."
_WORDS = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.ERROR: "raised an exception",
    Verdict.TIMEOUT: "out of time",
    Verdict.MEMORY: "out of memory",
    Verdict.CRASH: "the process died",
    Verdict.MISSING: "not found",
    Verdict.BROKEN: "not counted: the check itself failed, which is no fault of yours",
    Verdict.SKIPPED: "not counted: skipped",
}


def main(root: Path) -> int:
    """Grade what is in `root`, which is laid out as Gradescope's `/autograder`. 0, unless the fault is ours."""
    path = root / "results" / "results.json"
    _write(path, failure(_UNFINISHED))  # what is found when this process is killed
    try:
        results = run(root)
    except Exception:
        traceback.print_exc()  # which Gradescope shows to instructors
        _write(path, failure(_OUR_FAULT))
        return 1
    _write(path, results)
    return 0


def run(root: Path) -> dict[str, Any]:
    """The results of the submission in `root`, as Gradescope's specification has them."""
    course = load_course(root / "source" / "course")
    assignment = load_assignment(course, course.assignments[0])
    metadata = read_metadata(root / "submission_metadata.json")
    student = "+".join(sorted(str(user.get("email") or user.get("id")) for user in metadata.get("users", ())))
    submission = read_submission(course, assignment, student, notebook_folder(root / "submission"))
    with Examiner.of(assignment, course.secret) as examiner:
        grade = grade_submission(examiner, submission).grade
    print("\n".join(grade.attention))  # which Gradescope shows to instructors
    return results_of(grade, seconds_late(metadata))


def read_metadata(path: Path) -> dict[str, Any]:
    """What Gradescope says of the submission; nothing where it says nothing."""
    with contextlib.suppress(OSError, ValueError):
        metadata = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(metadata, dict):
            return metadata
    return {}


def notebook_folder(submitted: Path) -> Path:
    """The folder that the submission is in: a zip that was handed in often holds one folder with everything in it."""
    entries = [path for path in submitted.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    if len(entries) == 1 and entries[0].is_dir() and not entries[0].is_symlink():
        return entries[0]
    return submitted


def seconds_late(metadata: dict[str, Any]) -> float | None:
    """Seconds after the latest due date of those who handed in, 0 when in time; None when there is no date."""
    assignment = metadata.get("assignment") or {}
    extended = [(user.get("assignment") or {}).get("due_date") for user in metadata.get("users", ())]
    with contextlib.suppress(TypeError, ValueError, KeyError):
        dates = [datetime.datetime.fromisoformat(date) for date in (assignment.get("due_date"), *extended) if date]
        late = datetime.datetime.fromisoformat(metadata["created_at"]) - max(dates)
        return max(0.0, late.total_seconds())
    return None


def results_of(grade: Grade, late: float | None = None) -> dict[str, Any]:
    """A grade as Gradescope shows it. Of a hidden check a student gets title, verdict, hint and a named mistake."""
    tests = [test for number, question in enumerate(grade.questions, 1) for test in _tests(question, number)]
    passed = sum(check.verdict is Verdict.PASS for question in grade.questions for check in question.checks)
    unreadable = grade.run.ending == "unreadable"
    return {
        "score": grade.score,
        "execution_time": grade.run.seconds,
        "output": "\n".join([*(grade.attention if unreadable else ()), *grade.notes]),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
        "leaderboard": [
            {"name": "Score", "value": grade.score, "order": "desc"},
            {"name": "Checks passed", "value": passed, "order": "desc"},
            {"name": "CPU seconds", "value": grade.run.cpu_seconds, "order": "asc"},
        ],
        "extra_data": {
            "assignment": grade.assignment,
            "student": grade.student,
            "seconds_late": late,
            "needs_manual_grade": grade.needs_manual_grade,
            "notebooks": [dataclasses.asdict(notebook) for notebook in grade.notebooks],
            "run": dataclasses.asdict(grade.run),
            "sandbox": grade.sandbox,
            "grader": grade.grader,
        },
    }


def failure(sentence: str) -> dict[str, Any]:
    """Results that say why there are none."""
    return {"score": 0.0, "output": sentence, "output_format": "text", "stdout_visibility": "hidden", "tests": []}


def _tests(question: QuestionResult, number: int) -> list[dict[str, Any]]:
    if not question.checks:
        # Gradescope takes no score but a number: what a person has still to give has none.
        if question.score is None or question.graded_by == "hand":
            return [_test(question.id, f"{number}", "graded by hand", [question.id, "manual"])]
        scored = {"score": question.score, "max_score": question.max_score}
        return [{**_test(question.id, f"{number}", "", [question.id]), **scored}]
    return [
        {
            **_test(
                check.title,
                f"{number}.{place}",
                _output(check),
                [question.id, "visible" if check.visible else "hidden"],
            ),
            **_scored(check),
            "extra_data": {"id": check.id, "verdict": check.verdict, "misconception": check.misconception},
        }
        for place, check in enumerate(question.checks, 1)
    ]


def _test(name: str, number: str, output: str, tags: list[str]) -> dict[str, Any]:
    return {"name": name, "number": number, "output": output, "tags": tags, "visibility": "visible"}


def _scored(check: CheckResult) -> dict[str, Any]:
    """Nothing of a check that is not counted: without a score Gradescope shows its text alone."""
    if check.verdict in (Verdict.BROKEN, Verdict.SKIPPED):
        return {}
    status = "passed" if check.verdict is Verdict.PASS else "failed"
    return {"score": check.points, "max_score": check.max_points, "status": status, "output_format": "text"}


def _output(check: CheckResult) -> str:
    """The verdict in words, what is known of it, the hint. What a broken check says may hold hidden values."""
    lines = [_WORDS[check.verdict]]
    if check.message and check.verdict not in (Verdict.BROKEN, Verdict.SKIPPED):
        lines.append(check.message)
    if check.misconception:
        lines.append(f"This looks like “{check.misconception}”.")
    if check.hint:
        lines.append(f"Hint: {check.hint}")
    return "\n".join(lines)


def _write(path: Path, results: dict[str, Any]) -> None:
    write_whole(path, (json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
