# wire: values that encode() never makes: object dtypes, pickles, negative shapes, foreign tags, handles of others
# place: shares
from autograder.student import wire

calls = []


def strange(value, **options):
    calls.append(1)
    kinds = [
        ["a", "|O", [1], "C", b"\0" * 8],
        ["a", "<f8", [-1, -2], "C", b"\0" * 16],
        ["a", "<f8", [2**40, 2**40, 0], "C", b""],
        ["a", "<f8", [2.5], "C", b"\0" * 20],
        ["n", "|V8", b"\0" * 8],
        ["T", "qint8", [1], True, b"\0"],
        ["f", 0],
        ["h", "__builtins__", "x", []],
        ["h", 1, "x", [["attribute", "__class__"]]],
        ["p", b"\x80\x04."],
        [["l"], []],
        {"l": []},
        ["D", "torch", "__loader__"],
        ["g", "PCG64", ["d", []]],
        ["s", [1, 2]],
        ["l"],
        [],
    ]
    return kinds[len(calls) % len(kinds)]


wire.encode = strange


def shares(x):
    return x
