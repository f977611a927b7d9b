"""The command `autograder`: parse, call, print. Each command is one verb of the toolkit.

Exit status: 0 done, 1 done but some submissions need a person's attention (named on stderr), 2 could not be done.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from autograder import __version__
from autograder.records import AutograderError


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit status."""
    options = _parser().parse_args(arguments)
    # The arrays are small and the cores are for submissions; and a process with a pool of threads cannot be forked.
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    # There is little garbage and much that is not: looking for it every few hundred objects is a third of an import.
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)  # nor at the end
    # jsonschema looks for it on import, which takes a second, to check a format that no notebook has.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # None is how Python marks what is not there
    try:
        status: int = options.command(options)
    except AutograderError as error:
        print(f"autograder: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a disk that is full, a folder that may not be written
        print(f"autograder: {error.filename or options.course}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("autograder: stopped; what is written stays, and running it again goes on from there", file=sys.stderr)
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autograder", description="A deep-learning course that grades itself, and the toolkit that grades it."
    )
    parser.add_argument("--version", action="version", version=f"dl-autograder {__version__}")
    parser.add_argument(
        "--course", metavar="DIR", type=Path, default=Path(), help="the course's folder (default: here)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
        added.set_defaults(command=run)
        return added

    one = command("init", _init, "make a course with one small assignment, to start from")
    one.add_argument("folder", metavar="DIR", type=Path)
    one = command("new", _new, "add an assignment to a course, to be changed into your own")
    one.add_argument("assignment", metavar="ID")
    one = command("release", _release, "strip an assignment for students, and prove that nothing leaked")
    one.add_argument("assignment", metavar="ID")
    one = command("verify", _verify, "try misconceptions and alternatives on an assignment's checks")
    one.add_argument("assignment", metavar="ID")
    one.add_argument("--seeds", type=int, default=200, metavar="N", help="seeds for each alternative (default: 200)")
    one.add_argument("--workers", type=int, metavar="N", help="processes (default: one a core, if there is the memory)")
    one = command("grade", _grade, "grade submissions into the gradebook")
    one.add_argument("assignment", metavar="ID", help="the assignment; with --otter, the folder of submissions")
    one.add_argument("--otter", metavar="BUNDLE", type=Path, help="grade with this autograder.zip of otter-grader's")
    one.add_argument("--student", action="append", default=[], metavar="S", help="only this student (repeatable)")
    one.add_argument("--workers", type=int, metavar="N", help="processes (default: one a core, if there is the memory)")
    one.add_argument("--scheduler", metavar="ADDRESS", help="grade on the workers of this Dask scheduler instead")
    one.add_argument("--force", action="store_true", help="grade again what has not changed")
    one.add_argument("--json", action="store_true", help="print lines of JSON, for programs: docs/json.md")
    one = command("replay", _replay, "grade one submission again and tell everything about its checks")
    one.add_argument("assignment", metavar="ID")
    one.add_argument("student", metavar="STUDENT")
    one.add_argument("check", metavar="CHECK", nargs="?", default="", help="only checks whose id contains this")
    one = command("feedback", _feedback, "write the students' pages")
    one.add_argument("assignment", metavar="ID")
    one = command("report", _report, "write the page on a class: what is hard, what goes wrong, who needs a person")
    one.add_argument("assignment", metavar="ID")
    one.add_argument("--plain", action="store_true", help="print the essentials as text, and write no page")
    one = command("export", _export, "write an assignment or its grades for another system")
    one.add_argument("format", metavar="FORMAT", help="canvas, csv, github, gradescope, junit, moodle or otter")
    one.add_argument("assignment", metavar="ID")
    one.add_argument("--to", metavar="DIR", type=Path, help="where to (default: exports/ID/FORMAT)")
    one.add_argument("--roster", metavar="FILE", type=Path, help="a CSV file: nbgrader's ids and the other system's")
    one.add_argument("--fill", metavar="FILE", type=Path, help="the other system's file, to be filled")
    one.add_argument("--column", metavar="NAME", help="the assignment's column in it")
    one = command("validate", _validate, "for students: run the visible checks on a notebook before it is handed in")
    one.add_argument("notebook", metavar="NOTEBOOK", type=Path)
    one.add_argument("--summary", metavar="FILE", type=Path, help="append the results to this file, as Markdown")
    one = command("kernelspec", _kernelspec, "install the kernelspec whose notebooks run in the jail")
    one.add_argument("--user", action="store_true", help="for this user (default: in this environment)")
    one.add_argument("--prefix", metavar="DIR", help="under this folder")
    command("doctor", _doctor, "which protections this machine gives, and what is missing")
    one = command("demo", _demo, "make a course with a class of submissions, and grade it")
    one.add_argument("folder", metavar="DIR", type=Path, nargs="?", default=Path("demo"))
    return parser


def _init(options: argparse.Namespace) -> int:
    from autograder.start import FIRST, start_course

    start_course(options.folder)
    print(f"a course: {options.folder}; its first assignment is '{FIRST}', and README.md shows what to do with it")
    return 0


def _new(options: argparse.Namespace) -> int:
    from autograder.course import load_course
    from autograder.start import new_assignment

    for path in new_assignment(load_course(options.course), options.assignment):
        print(path.relative_to(options.course.resolve()))
    return 0


def _release(options: argparse.Namespace) -> int:
    from autograder.course import load_course
    from autograder.grade import proof_grader
    from autograder.release import release

    course = load_course(options.course)
    with proof_grader(course) as grade_notebook:
        folder = release(course, options.assignment, grade_notebook)
    print(f"released: {folder}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from autograder.course import load_assignment, load_course
    from autograder.terminal import counting, print_verification
    from autograder.verify import verify

    assignment = load_assignment(load_course(options.course), options.assignment)
    if assignment.checks is None:
        raise AutograderError(f"{assignment.id} has no checks in tests/checks/{assignment.id}")
    with counting("trials") as report:
        verification = verify(assignment, seeds=options.seeds, workers=options.workers, report=report)
    print_verification(verification)
    return 2 if verification.problems else 0


def _grade(options: argparse.Namespace) -> int:
    if options.otter is not None:
        return _grade_with_otter(options)
    from autograder.crew import expect_early, start_early

    # Who ends a command this way wants what Ctrl-C does, unless it is to go on without its terminal.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)

    def say(sentence: str) -> None:
        from autograder.terminal import plain

        print(plain(sentence), file=sys.stderr)

    try:
        if not options.scheduler:
            start_early(options.course, options.assignment)  # it gets ready while the rest is imported here
        from autograder.batch import grade_class
        from autograder.course import load_assignment, load_course
        from autograder.printed import grading, lines, print_class, print_summary, summarize

        course = load_course(options.course)
        if not options.scheduler:
            expect_early(course, options.assignment)
        assignment = load_assignment(course, options.assignment)
        with contextlib.ExitStack() as stack:
            executor = None
            if options.scheduler:
                from autograder.cluster import cluster

                executor = stack.enter_context(cluster(options.scheduler, assignment, course.secret, say))
            report = stack.enter_context(lines() if options.json else grading())
            progress = grade_class(
                course,
                assignment,
                options.student,
                executor=executor,
                workers=options.workers,
                force=options.force,
                report=report,
                waiting=lambda: say("another command is grading this assignment: waiting for it"),
            )
        summary = (summarize if options.json else print_class)(course, assignment, progress)
    except (AutograderError, OSError, KeyboardInterrupt) as error:
        if options.json:
            from autograder.printed import print_line

            print_line("summary", status=2, error=str(error) or "stopped")
        raise
    status = 1 if summary.attention else 0
    if options.json:
        print_summary(status, progress, summary)
    for student, sentences in summary.attention.items():
        for sentence in sentences:
            say(f"{student}: {sentence}")
    return status


def _grade_with_otter(options: argparse.Namespace) -> int:
    from autograder.otter_grade import grade_with_otter
    from autograder.terminal import counting, plain, print_scores

    with counting("submissions") as report:
        bundle, grades = grade_with_otter(options.otter, Path(options.assignment), options.course, report)
    print_scores(bundle.name, grades)
    said = [*bundle.left_out, *(f"{grade.student}: {each}" for grade in grades for each in grade.attention)]
    for sentence in said:
        print(plain(sentence), file=sys.stderr)
    return 1 if any(grade.attention for grade in grades) else 0


def _replay(options: argparse.Namespace) -> int:
    from autograder.course import load_assignment, load_course
    from autograder.examiner import Examiner
    from autograder.submissions import read_submission
    from autograder.terminal import print_replay

    course = load_course(options.course)
    assignment = load_assignment(course, options.assignment)
    with Examiner.of(assignment, course.secret) as examiner:
        print_replay(examiner, read_submission(course, assignment, options.student), options.check)
    return 0


def _feedback(options: argparse.Namespace) -> int:
    from autograder.course import load_assignment, load_course
    from autograder.feedback import write_feedback

    course = load_course(options.course)
    pages = write_feedback(course, load_assignment(course, options.assignment))
    print(f"{len(pages)} pages, for example {pages[0]}" if pages else "nothing is graded yet")
    return 0


def _report(options: argparse.Namespace) -> int:
    from autograder.course import load_assignment, load_course
    from autograder.report import read_class, write_report
    from autograder.terminal import print_report

    course = load_course(options.course)
    assignment = load_assignment(course, options.assignment)
    report = read_class(course, assignment)
    if options.plain:
        print_report(report)
    else:
        print(f"{len(report.students)} submissions: {write_report(course, assignment, report)}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from autograder.course import load_assignment, load_course
    from autograder.export import Sources, export

    course = load_course(options.course)
    sources = Sources(options.roster, options.fill, options.column)
    done = export(options.format, course, load_assignment(course, options.assignment), options.to, sources)
    for path in done.paths:
        print(path)
    for sentence in (*done.notes, *done.left_out):
        print(sentence, file=sys.stderr)
    return 1 if done.left_out else 0


def _validate(options: argparse.Namespace) -> int:
    from autograder.validate import print_validation

    return print_validation(options.notebook, options.summary)


def _kernelspec(options: argparse.Namespace) -> int:
    from autograder.provisioner import install_kernelspec

    print(install_kernelspec(user=options.user, prefix=options.prefix))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from autograder.terminal import print_layers

    return print_layers()


def _demo(options: argparse.Namespace) -> int:
    from autograder.demo import run_demo

    return run_demo(options.course, options.folder)


if __name__ == "__main__":
    sys.exit(main())
