"""What grading an assignment needs, kept warm between submissions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from autograder.cells import Plans, Rooms, graded_by_cells, plan_cells
from autograder.checks import desk
from autograder.checks.collect import Check, Checks, collect
from autograder.checks.diagnosis import Diagnosis
from autograder.records import CourseError, NoRoom
from autograder.sources import imported_names
from autograder.student.warm import Incubator, Zygote, prove_jail

if TYPE_CHECKING:
    from autograder.course import Assignment


def incubator_of(assignment: Assignment) -> Incubator:
    """An incubator that gets ready for the assignment's notebooks."""
    return Incubator(imported_names(notebook.source for notebook in assignment.notebooks), assignment.limits)


class Examiner:
    """What grading one assignment needs, kept between submissions: its checks, a warm zygote, the diagnosis.

    Raises `CourseError` for checks that name questions the assignment has not, and for questions without checks when
    the assignment has any.
    """

    def __init__(self, assignment: Assignment, checks: Checks | None, secret: bytes, incubator: Incubator) -> None:
        self.assignment = assignment
        self.checks = checks
        self.secret = secret
        self._incubator = incubator
        self._zygote: Zygote | None = None
        self._model: dict[str, Any] | None = None
        self._diagnosis: Diagnosis | None = None
        self._plans: Plans | None = None
        self.rooms = Rooms(assignment)
        if checks is not None:
            check_questions(assignment, checks)

    @classmethod
    def of(cls, assignment: Assignment, secret: bytes, incubator: Incubator | None = None) -> Examiner:
        """The examiner of an assignment, its checks collected. Zygotes come from `incubator`, or from a new one."""
        incubator = incubator or incubator_of(assignment)  # gets ready meanwhile
        try:
            checks = collect(assignment.checks, assignment.root) if assignment.checks is not None else None
            return cls(assignment, checks, secret, incubator)
        except BaseException:
            incubator.close()
            raise

    @property
    def zygote(self) -> Zygote:
        """A warm, tried zygote, started when it is first wanted and again when it has died."""
        if self._zygote is not None and not self._zygote.alive:
            self.retire_zygote()
        if self._zygote is None:
            checks = self.checks
            names = {name for asked in checks.questions for name in checks.forbidden(asked)} if checks else set()
            if not self._incubator.alive:
                self._incubator = self._incubator.replaced()
            self._zygote = self._incubator.zygote(sorted(names))
            root = self.assignment.root
            secrets = [
                self.assignment.checks or root,
                *sorted(self.assignment.checks.glob("*.py") if self.assignment.checks else ())[:1],
                *(root / name for name in ("solutions", "source", "submitted", "gradebook.db", ".secret")),
            ]
            try:
                prove_jail(self._zygote, secrets, self.assignment.minimum_sandbox)
            except BaseException:
                self.retire_zygote()
                raise
        return self._zygote

    @property
    def plans(self) -> Plans:
        """How the grade cells that test questions are run: tried on the model answer when it is first wanted."""
        if self._plans is None:
            asked = graded_by_cells(self.assignment, lambda id_: bool(self.checks_of(id_)))
            plans: Plans = {}
            # Once more, if a process died over it: what one that was killed did not do is no reason for a plan.
            for _ in range(2 if asked else 0):
                zygote = self.zygote
                before = zygote.crashes
                plans = plan_cells(self.assignment, asked, self.rooms, zygote)
                if zygote.crashes == before:
                    break
                if zygote.lacked_processes:
                    raise NoRoom
            self._plans = plans
        return self._plans

    def checks_of(self, question: str) -> tuple[Check, ...]:
        """The checks of a question, by its id."""
        return self.checks.questions.get(question, ()) if self.checks is not None else ()

    def retire_zygote(self) -> None:
        """Let go of the zygote; the next submission gets a new one."""
        if self._zygote is not None:
            self.rooms.close()
            self._zygote.close()
            self._zygote = None

    def model(self) -> dict[str, Any]:
        """The model answer's namespace."""
        if self._model is None:
            sources = (notebook.source for notebook in self.assignment.notebooks)
            self._model = desk.run_model(sources, self.assignment.files)
        return self._model

    def diagnosis(self) -> Diagnosis | None:
        """The known misconceptions, if the assignment has any."""
        if self._diagnosis is None and self.assignment.checks is not None:
            self._diagnosis = Diagnosis(self.assignment)
        return self._diagnosis

    def warm_up(self) -> None:
        """Have ready what the first submission would wait for, before this process is forked: seconds of imports."""
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.ones(1, requires_grad=True).sum().backward()
        if (diagnosis := self.diagnosis()) is not None:
            diagnosis.warm_up()

    def close(self) -> None:
        """End the zygote and what it came from."""
        self.retire_zygote()
        self._incubator.close()

    def __enter__(self) -> Examiner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_questions(assignment: Assignment, checks: Checks) -> None:
    """Raise `CourseError` for a check of no question, or a question without a check."""
    auto = {question.id for question in assignment.questions if question.kind == "auto"}
    for check in checks.checks:
        if check.question not in auto:
            known = ", ".join(sorted(auto)) or "none"
            raise CourseError(
                f"{check.item.path}: the check {check.item.name} names the question '{check.question}', which no grade "
                f"cell of {assignment.id} has as its grade_id (there are: {known})"
            )
    for question in assignment.questions:
        if question.kind == "auto" and question.id not in checks.questions:
            raise CourseError(
                f"{question.notebook}.ipynb, cell {question.cell}: the question '{question.id}' has no check in "
                f"{assignment.checks}"
            )
