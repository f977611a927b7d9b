# metadata: locked and test cells edited, unlocked, emptied, made markdown, or deleted
# place: notebook
def change(notebook):
    """Edits what is not the student's."""
    for cell in list(notebook["cells"]):
        meta = cell["metadata"].get("nbgrader")
        if not meta or meta.get("solution"):
            continue
        meta.update(locked=False, solution=True, grade=True, points=50)
        cell["source"] = "import numpy as np\nnp.allclose = lambda *_: True\n100.0"
        if cell["id"] == "spread":
            cell["cell_type"] = "markdown"
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
        if cell["id"] == "imports":
            notebook["cells"].remove(cell)
