# metadata: grade_ids swapped, doubled and taken from questions that are worth more
# place: notebook
def change(notebook):
    """Swaps the ids."""
    named = [cell["metadata"]["nbgrader"] for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    ids = [each["grade_id"] for each in named]
    for each, other in zip(named, ids[3:] + ids[:3], strict=True):
        each["grade_id"] = other
    for each in named[:2]:
        each["grade_id"] = "why"
