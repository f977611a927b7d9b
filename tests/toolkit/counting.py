"""How many grade cells run apart from the answers: ``python -m tests.toolkit.counting COURSE``.

Prints two numbers: those that do, of those whose points the model answer earns; on stderr, why the others do not.
"""

from __future__ import annotations

import sys

from autograder.cells import Rooms, graded_by_cells, plan_cells
from autograder.course import load_assignment, load_course
from autograder.student.warm import Incubator


def _main(root: str) -> None:
    course = load_course(root)
    apart = earned = 0
    with Incubator() as incubator, incubator.zygote() as zygote:
        for name in course.assignments:
            assignment = load_assignment(course, name)
            rooms = Rooms(assignment)
            plans = plan_cells(assignment, graded_by_cells(assignment, lambda _: False), rooms, zygote)
            rooms.close()
            for id_, plan in plans.items():
                print(name, id_, plan.note or "apart", file=sys.stderr)
                apart += plan.apart
                earned += "does not earn" not in plan.note and "worth nothing" not in plan.note
    print(apart, earned)


if __name__ == "__main__":
    _main(sys.argv[1])
