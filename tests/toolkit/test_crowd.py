"""A class of a hundred through the real `grade`, thirty of them hostile or broken: nobody else notices."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator

import pytest

from tests.toolkit.siege import COLUMNS, RAISES, RIGHT, WRONG, Attack, Siege, attacks, besieged

# How answers differ among those who mean well: right, wrong, failing, of another form, blank, much printed, half done.
KINDS: list[dict[str, str]] = [
    RIGHT,
    COLUMNS,
    RAISES,
    WRONG,
    {},
    {**RIGHT, "shares": "def shares(x):\n    return [[v / sum(row) for v in row] for row in x]\n"},
    {**RIGHT, "shares": "def shares(x):\n    print('row ' * 1000)\n    return x / x.sum(axis=1, keepdims=True)\n"},
    {**RIGHT, "spread": "def spread(x):\n    return undefined\n"},
    {"shares": RIGHT["shares"]},
    {**RIGHT, "label": "def label(text):\n    return text.title()\n"},
]
HONEST = {f"{number:02}-honest": KINDS[number % len(KINDS)] for number in range(70)}

# Of each family some that burn, break, flood or lie, and that are done soon.
HOSTILE = [
    *("lie_exceptions", "patch_agent", "patch_builtins", "patch_gc_walk", "patch_sys_modules"),
    *("metadata_grade_ids", "metadata_locked_cells", "network_tcp", "output_large_updates", "output_script"),
    *("processes_daemon", "processes_kill_all", "processes_stop_itself", "read_files", "read_by_reply"),
    *("resources_core_dump", "resources_descriptors", "resources_memory", "wire_close", "wire_garbage"),
    *("wire_oversized", "write_full_disk", "write_results", "write_shared_memory"),
]
BROKEN = {
    "05-truncated": b'{"cells": [{"cell_type": "code", "source": "x =',
    "25-empty": b"",
    "45-zip": b"PK\x03\x04" + bytes(40),
    "55-page": b"<!DOCTYPE html>\n<title>Log in</title>",
    "65-deep": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": '
    + b"[" * 100_000
    + b"]" * 100_000
    + b"}",
    "68-latin": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": ["caf\xe9"]}',
}


def hostile() -> list[Attack]:
    """The attacks, handed in by students who stand among the honest by name: the order in which they are graded."""
    chosen = {attack.name: attack for attack in attacks()}
    return [chosen[name].called(f"{3 * place:02}-{name}") for place, name in enumerate(HOSTILE)]


@pytest.fixture(scope="module")
def siege() -> Iterator[Siege]:
    """The class, graded without the thirty and then with them."""
    with besieged("root", honest=HONEST, attackers=hostile(), broken=BROKEN) as run:
        assert len(run.attackers) + len(BROKEN) == 30
        yield run


def test_seventy_have_the_results_that_they_have_without_the_thirty(siege):
    assert len(siege.alone) == 70
    assert {student: siege.results(student) for student in HONEST} == siege.alone


def test_the_seventy_are_not_all_alike(siege):
    assert len({results["score"] for results in siege.alone.values()}) >= 5


def test_the_thirty_earn_what_a_wrong_answer_does_or_nothing(siege):
    wrong = siege.results("wrong")["score"]
    assert all(siege.results(attack.name)["score"] <= wrong for attack in siege.attackers)
    for student in BROKEN:
        assert siege.results(student)["score"] == 0
        assert siege.results(student)["attention"]


def test_those_that_cannot_be_read_are_named_and_nobody_else_is(siege):
    assert siege.done.status == 1
    # Whoever takes a second on a busy machine is named, too, as the slowest just now, in lines of how far it is.
    said = "".join(line for line in siege.done.err.splitlines() if not re.match(r"\d+ of \d+ submissions", line))
    assert [student for student in BROKEN if student not in said] == []
    assert [student for student in HONEST if student in said] == []


def test_a_submission_beside_the_thirty_costs_no_more_work_than_without(siege):
    """Of processor time: what the clock says on a busy machine, `benchmarks/crowd.py` measures."""
    before, after = (
        statistics.median(cpu for _, cpu in seconds) for seconds in (siege.seconds_alone, siege.seconds_besieged)
    )
    assert after < 2 * before + 0.05


def test_no_process_is_left(siege):
    assert siege.left == []
    assert siege.callers == []
