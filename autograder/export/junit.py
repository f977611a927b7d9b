"""`autograder export junit ID`: everybody's checks as JUnit's XML, which CI systems show.

A test suite for each student, a test case for each check, and for each question that has none but is graded by its
cell. It says what the student's own page says: of a hidden check the title, the verdict and the hint, never a value.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from autograder.batch import graded_before, read_results, write_whole
from autograder.course import Assignment, Course
from autograder.export import Exported, Sources

# What XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

BROKEN = "the check failed inside its own code: our fault, it costs nothing"


def write_junit(course: Course, assignment: Assignment, folder: Path, sources: Sources) -> Exported:
    """Write `junit.xml`, with the graded submissions in the order of the students."""
    results = {
        student: found
        for student in graded_before(course, assignment).skipped
        if (found := read_results(course, assignment, student)) is not None
    }
    path = folder / "junit.xml"
    write_whole(path, junit(assignment.id, results))
    return Exported([path])


def junit(name: str, results: dict[str, dict[str, Any]]) -> bytes:
    """The XML of `results.json` files, by student."""
    root = ET.Element("testsuites", name=_text(name))
    for student, result in results.items():
        suite = ET.SubElement(root, "testsuite", name=_text(student))
        cases = [(question, check) for question in result["questions"] for check in _checks(question)]
        for question, check in cases:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=_text(f"{name}.{question['id']}"),
                name=_text(check["title"]),
                time=f"{check['seconds']:.4f}",
            )
            _say(case, check)
        kinds = [child.tag for case in suite for child in case]
        counts = {"failures": kinds.count("failure"), "errors": kinds.count("error"), "skipped": kinds.count("skipped")}
        suite.attrib.update({"tests": str(len(cases)), **{kind: str(count) for kind, count in counts.items()}})
        suite.set("time", f"{sum(check['seconds'] for _, check in cases):.4f}")
    for kind in ("tests", "failures", "errors"):
        root.set(kind, str(sum(int(suite.get(kind, "0")) for suite in root)))
    ET.indent(root)
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _checks(question: dict[str, Any]) -> list[dict[str, Any]]:
    """The checks of a question; for one that is graded by its cell, that."""
    if question["graded_by"] != "cell":
        return list(question["checks"])
    full = (question["score"] or 0.0) >= question["max_score"]
    said = f"{question['score'] or 0.0:g} of {question['max_score']:g} points"
    verdict = {"verdict": "pass" if full else "fail", "message": said, "misconception": None, "hint": ""}
    return [{"title": question["id"], "seconds": 0.0, **verdict}]


def _say(case: ET.Element, check: dict[str, Any]) -> None:
    """What became of a check, within its test case; nothing of one that passed."""
    verdict = check["verdict"]
    if verdict == "pass":
        return
    if verdict in ("skipped", "broken"):
        tag, message = ("skipped", check["message"]) if verdict == "skipped" else ("error", BROKEN)
        ET.SubElement(case, tag, message=_text(message), **({"type": verdict} if tag == "error" else {}))
        return
    named = check["misconception"]
    lines = [check["message"], f"noticed: {named}" if named else "", f"hint: {check['hint']}" if check["hint"] else ""]
    said = [line for line in lines if line] or [check["title"]]
    tag = "failure" if verdict == "fail" else "error"
    ET.SubElement(case, tag, type=verdict, message=_text(said[0])).text = _text("\n".join(said))


def _text(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
