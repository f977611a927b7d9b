# metadata: cells of its own with nbgrader's metadata: grade cells worth hundreds, tests that pass
# place: notebook
def change(notebook):
    """Adds cells that look like the course's."""
    for number, name in enumerate(["bonus", "shares", "spread", "../../bonus", "<script>alert(1)</script>", "why"]):
        meta = {"grade": True, "solution": False, "locked": True, "task": False, "points": 100, "schema_version": 3}
        meta |= {"grade_id": name, "cell_type": "code", "checksum": "0" * 32}
        cell = {"cell_type": "code", "id": f"bonus-{number}", "metadata": {"nbgrader": meta}, "source": "100.0"}
        notebook["cells"].append({**cell, "outputs": [], "execution_count": None})
