# metadata: manual scores, comments and a task cell for the question that a person grades
# place: notebook
def change(notebook):
    """Grades itself."""
    for cell in notebook["cells"]:
        if cell["id"] == "why":
            cell["metadata"]["nbgrader"] |= {
                "points": 2,
                "score": 2,
                "manual_score": 2,
                "extra_credit": 90,
                "task": True,
            }
            cell["metadata"]["nbgrader"]["comment"] = "full marks"
            cell["source"] = "=== BEGIN MARK SCHEME ===\n2 points\n=== END MARK SCHEME ===\n### BEGIN HIDDEN TESTS\n"
