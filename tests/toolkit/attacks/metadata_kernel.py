# metadata: a kernel of its own, whose command is a shell's, and language information that names another interpreter
# place: notebook
def change(notebook):
    """Asks for another kernel."""
    notebook["metadata"] = {
        "kernelspec": {"name": "../../evil", "display_name": "x", "language": "bash", "argv": ["sh", "-c", "id"]},
        "language_info": {"name": "bash", "file_extension": "/../../attack-was-here", "nbconvert_exporter": "script"},
        "celltoolbar": "Create Assignment",
        "nbgrader": {"points": 100},
        "execution": {"timeout": 10**9},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"x": "<script>alert(1)</script>"}}},
    }
