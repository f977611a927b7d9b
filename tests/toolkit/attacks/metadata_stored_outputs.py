# metadata: outputs and execution counts stored in the file that say everything was right
# place: notebook
def change(notebook):
    """Stores outputs."""
    text = "shares: 6.0 / 6.0\n<script>alert('attack-was-here')</script>"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"] = 1
            cell["outputs"] = [
                {"output_type": "stream", "name": "stdout", "text": text},
                {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": "6.0"}},
                {"output_type": "display_data", "metadata": {}, "data": {"text/html": text}},
            ]
        cell["attachments"] = {"x.svg": {"image/svg+xml": text}}
