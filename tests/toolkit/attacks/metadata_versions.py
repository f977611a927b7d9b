# metadata: nbgrader's metadata of other versions and types, in lists, under grade_ids that are no text
# place: notebook
def change(notebook):
    """Changes the form of what is there."""
    for number, cell in enumerate(notebook["cells"]):
        meta = cell["metadata"].get("nbgrader")
        if not meta:
            continue
        meta["schema_version"] = [1, 2, 4, "3", None, -1, 10**30][number % 7]
        if number % 3 == 0:
            meta.update(task=True, grade=True, solution=True, locked=False, points="1e999")
        elif number % 3 == 1:
            cell["metadata"]["nbgrader"] = [meta]
        else:
            meta["grade_id"] = {"grade_id": meta["grade_id"]}
    notebook["metadata"]["nbgrader"] = {"schema_version": 99}
    notebook["metadata"]["kernelspec"] = ["python3"]
