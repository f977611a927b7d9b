# output: an answer in words, which a person is going to read in the formgrader, that runs a script there
# place: notebook
def change(notebook):
    """Answers the question in words."""
    for cell in notebook["cells"]:
        if cell["id"] == "why":
            cell["source"] = (
                "Because.\n\n<script>fetch('/formgrader/api/submission')</script>\n<img src=x onerror='alert(1)'>\n\n"
                "<iframe srcdoc='&lt;script&gt;alert(1)&lt;/script&gt;'></iframe> `<script>` in code is text, as a < b"
            )
