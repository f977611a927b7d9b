# wire: values that take many times their size to decode: boolean arrays, generators, dicts of colliding keys
# place: shares
from autograder.student import wire

calls = []
encode = wire.encode


def hungry(value, **options):
    calls.append(1)
    kinds = [
        ["a", "|b1", [64 * 2**20], "C", b"\x01" * (64 * 2**20)],
        ["l", [["g", "MT19937", ["d", [["bit_generator", "MT19937"]]]]] * 10_000],
        ["d", [[["i", f"{(2**61 - 1) * n:x}"], 0] for n in range(60_000)]],
        ["d", [[["t", [n, -n]], 0] for n in range(60_000)]],
        ["l", [["i", "f" * 90_000]] * 300],
    ]
    return kinds[len(calls) % len(kinds)]


wire.encode = hungry


def shares(x):
    return x
