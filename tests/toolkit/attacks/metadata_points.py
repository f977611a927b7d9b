# metadata: points of the grade cells changed: more, negative, infinite, text
# place: notebook
def change(notebook):
    """Changes the points."""
    for cell, points in zip(notebook["cells"], [1000, -5, float("inf"), "100", None, [1], 10**30] * 9, strict=False):
        cell["metadata"].setdefault("nbgrader", {})["points"] = points
