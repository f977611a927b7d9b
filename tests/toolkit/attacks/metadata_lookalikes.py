# metadata: copies of the course's cells under ids that look alike: other letters, no width, null, paths, other case
# place: notebook
def change(notebook):
    """Copies every cell."""
    ids = ["shares\u200b", "\uff53hares", "sh\u0430res", "shares\0", "SHARES", " shares ", "../../shares", "shares\n"]
    ids += ["__proto__", "constructor", "%2e%2e", "-1", "", "null", "why\u200b"]
    for number, cell in enumerate(list(notebook["cells"])):
        meta = {**cell["metadata"].get("nbgrader", {}), "grade_id": ids[number], "points": 100}
        source = "100.0" if cell["cell_type"] == "code" else "yes"
        notebook["cells"].append({**cell, "id": f"copy-{number}", "metadata": {"nbgrader": meta}, "source": source})
        cell["id"] = ids[number]
