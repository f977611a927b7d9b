"""A class for the pages: known mistakes, unknown ones made in several ways, a copy, somebody hostile; all graded."""

from __future__ import annotations

import json
from pathlib import Path

from autograder.gradebook import open_gradebook
from tests.toolkit.classroom import Classroom, extra_cell, read_class

CLASS = """\
== ada: unchanged ==
== bob: shares ==
def shares(x):
    return x / x.sum(axis=0, keepdims=True)
== cyd: shares ==
def shares(x):
    return x / x.max(axis=1, keepdims=True)
== dan: shares ==
def shares(table):
    rows = []
    for row in table:
        largest = row[0]
        for value in row:
            if value > largest:
                largest = value
        rows.append([value / largest for value in row])
    return np.array(rows)
== eve: shares ==
def shares(x):
    scale = np.float64(7.0)
    return np.exp(np.log(x * scale) - np.log(x.max(1) * scale)[:, None])
== fay: shares ==
def shares(x):
    return -x / x.sum(axis=1, keepdims=True)
== gus: shares ==
def shares(x):
    raise KeyError("sum")
== hal: shares ==
def shares(x):
    raise NotImplementedError()
== kim: shares ==
def shares(x):
    return x / x.sum(axis=0, keepdims=True)
== pat: shares ==
def shares(x):
    return (x / x.sum(axis=1, keepdims=True)).T
== mallory: shares ==
def shares(x):
    "</script><script>document.title = 'owned'</script>"
    return x.tolist() if x.shape[1] > 3 else np.full_like(x, 0.5)
"""

HELPER = '''\
def table_of(values, width):
    """Print each value in its own column, a dot every tenth row."""
    lines = []
    for number, value in enumerate(values):
        text = f"{value:>{width}.3f}"
        if number % 10 == 0:
            text = text + " ."
        lines.append(text)
    total = sum(len(line) for line in lines)
    return "\\n".join(lines), total / max(1, len(lines))
'''

# Under other names, with the words left out.
COPIED = """\
def pretty(xs, w):
    out = []
    for i, x in enumerate(xs):
        s = f"{x:>{w}.3f}"
        if i % 10 == 0:
            s = s + " ."
        out.append(s)
    n = sum(len(o) for o in out)
    return "\\n".join(out), n / max(1, len(out))
"""

HOSTILE = """\
from IPython.display import HTML, SVG, Javascript, display

evil = "<img src=x onerror=\\"document.title='owned'\\"><script>document.title='owned'</script>"
print(evil)
display(HTML(evil), Javascript("document.title='owned'"))
raise ValueError(evil)
"""


def reported_class(root: Path) -> Classroom:
    """The class, graded by the command, with a comment and a grade by hand, and its pages."""
    room = Classroom(root)
    for student, parts in read_class(CLASS).items():
        room.hand_in(student, parts)
    for student, text in (("ivy", HELPER), ("jan", COPIED)):
        notebook = room.answered()
        notebook["cells"].append(extra_cell(text))
        room.submit(student, notebook)
    hostile = json.loads((room.folder("mallory") / "tiny.ipynb").read_text())
    hostile["cells"].append(extra_cell(HOSTILE))
    room.submit("mallory", hostile)
    room.submit("zed", b"this is no notebook")
    room.done = room.autograder("grade", "tiny", "--workers", "2")
    with open_gradebook(room.course) as gradebook:
        grade = gradebook.find_grade("why", "tiny", "tiny", "bob")
        grade.manual_score = 1.5
        gradebook.find_comment("why", "tiny", "tiny", "bob").manual_comment = "Good, but <b>short</b>."
        gradebook.db.commit()
    room.autograder("feedback", "tiny")
    room.autograder("report", "tiny")
    return room
