# resources: cells that take whoever reads their code hours: a chain of a thousand elifs, magics without an end
# place: notebook
def change(notebook):
    """Adds code that only has to be read."""
    chain = "if 0:\n    pass\n" + "".join(f"elif {n}:\n    x{n} = 1\n" for n in range(1200))
    magics = "this is no Python ?!\n" + "".join(f"x{n} = %time {n}\n" for n in range(510))
    nested = "x = " + "(" * 150 + ")" * 150 + "\n" + "y = " + "-" * 20_000 + "1\n" + "z = " + "+".join(["1"] * 9_000)
    names = "a\n" * 100_000
    for number, source in enumerate([chain, magics, nested, names]):
        cell = {"cell_type": "code", "id": f"reader-{number}", "metadata": {}, "source": source}
        notebook["cells"].append({**cell, "outputs": [], "execution_count": None})
