"""The course, in Jupyter's configuration idiom. nbgrader reads it too: nbgrader_config.py loads it."""

c = get_config()  # noqa: F821 - given by whoever loads this file

c.CourseDirectory.course_id = "COURSE_ID"

# nbgrader's own feedback hands out what lies beside a graded notebook; the results are the instructor's.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".pytest_cache", "results.json"]

# Limits of what one submission may use, for all assignments or for one; `autograder doctor` tells of the sandbox.
# c.Autograder.cell_seconds = 60
# c.Autograder.assignments = {"ASSIGNMENT_ID": {"call_seconds": 5}}
