# resources: code that takes its reader long: deep nesting, very many names, constants that are folded
# place: last
deep = "(" * 90 + ")" * 90
chain = "if 0:\n    pass\n" + "".join(f"elif {n}:\n    pass\n" for n in range(900))
try:
    exec(chain)
except (RecursionError, MemoryError, SyntaxError) as error:
    print(type(error).__name__)
try:
    eval("-" * 5000 + "1")
except (RecursionError, MemoryError, SyntaxError) as error:
    print(type(error).__name__)
try:
    compile("x = " + "+".join(["1"] * 50_000), "x", "exec")
except (RecursionError, MemoryError, SyntaxError) as error:
    print(type(error).__name__)
