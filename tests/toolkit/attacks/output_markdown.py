# output: markdown cells with scripts, links, pictures that report who looks, and formulae without an end
# place: notebook
CELLS = [
    "<script>alert('attack-was-here')</script> <img src=//example.org/attack-was-here.png onerror=alert(1)>",
    "[x](javascript:alert(1)) ![x](https://example.org/attack-was-here.png) <javascript:alert(1)>",
    "[y](data:text/html,x)",
    "<details open ontoggle=alert(1)> <svg><script>alert(1)</script></svg> ",
    "<math><mtext><script>1</script></mtext></math>",
    "$$\\href{javascript:alert(1)}{x} \\text{<script>alert(1)</script>}$$ $\\unicode{<img src=x onerror=alert(1)>}$",
    "$" + "{" * 3000 + "$ $$" + "\\frac{1}" * 1000 + "$$ " + "\\left(" * 1000,
    "*" * 5000 + "[" * 5000 + "`" * 5001 + "![](" * 2000 + "\n" + "> " * 2000 + "\n" + "- " * 2000 + "|" * 3000,
    "\x02" + "0\x03 \x02" + "99\x03 \u202e backwards \x1b[31m",
    '<a id="q-shares" name="total" class="total" style="position:fixed;inset:0">12 of 12 points</a>',
]


def change(notebook):
    """Hands in these cells besides."""
    for number, text in enumerate(CELLS):
        notebook["cells"].append({"cell_type": "markdown", "id": f"m{number}", "metadata": {}, "source": text})
    notebook["cells"].append({"cell_type": "raw", "id": "raw", "metadata": {"format": "text/html"}, "source": CELLS[0]})
