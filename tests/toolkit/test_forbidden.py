"""Forbidden calls found by reading: through whatever Python names them, and never where they are not."""

from __future__ import annotations

import textwrap

import pytest

from autograder.checks.forbidden import Use, forbidden_calls, read_code

FORBIDDEN = ("torch.softmax", "torch.nn.functional.softmax", "scipy.special", "torch.nn.Softmax", "numpy.std")


def uses(*cells: str, functions: tuple[str, ...] = ("answer",)) -> list[Use]:
    """What is found in the answer of a notebook of these code cells."""
    notebook = {"cells": [{"cell_type": "code", "source": textwrap.dedent(source)} for source in cells]}
    return forbidden_calls(read_code(notebook), FORBIDDEN, functions)


def found(*cells: str) -> set[str]:
    return {use.name for use in uses(*cells)}


@pytest.mark.parametrize(
    ("imports", "expression", "name"),
    [
        ("import torch", "torch.softmax(x, -1)", "torch.softmax"),
        ("import torch as t", "t.softmax(x, -1)", "torch.softmax"),
        ("import torch.nn.functional as F", "F.softmax(x)", "torch.nn.functional.softmax"),
        ("import torch.nn.functional", "torch.nn.functional.softmax(x)", "torch.nn.functional.softmax"),
        ("import torch, numpy as np", "np.std(x)", "numpy.std"),
        ("from torch import softmax", "softmax(x, -1)", "torch.softmax"),
        ("from torch import softmax as s", "s(x, -1)", "torch.softmax"),
        ("from torch import nn", "nn.functional.softmax(x)", "torch.nn.functional.softmax"),
        ("from torch import nn", "nn.Softmax(-1)(x)", "torch.nn.Softmax"),
        ("from torch.nn import functional as F", "F.softmax(x)", "torch.nn.functional.softmax"),
        ("import scipy.special", "scipy.special.softmax(x)", "scipy.special"),
        ("import scipy.special as sp", "sp.log_softmax(x)", "scipy.special"),
        ("from scipy import special", "special.expit(x)", "scipy.special"),
        ("from scipy.special import expit", "expit(x)", "scipy.special"),
        ("import torch\ns = torch.softmax", "s(x, -1)", "torch.softmax"),
        ("import torch\nt = torch\ns = t.softmax", "s(x, -1)", "torch.softmax"),
        ("import torch\ns: object = torch.softmax", "s(x, -1)", "torch.softmax"),
        ("import torch\nfunctional = torch.nn.functional", "functional.softmax(x)", "torch.nn.functional.softmax"),
        (
            "try:\n    from scipy.special import softmax as s\nexcept ImportError:\n    pass",
            "s(x)",
            "scipy.special",
        ),
        ("if True:\n    import torch as t", "t.softmax(x)", "torch.softmax"),
        ("%matplotlib inline\nimport torch", "torch.softmax(x, -1)", "torch.softmax"),
        ("!ls\n%load_ext autoreload\nimport numpy as np", "np.std(x)", "numpy.std"),
    ],
)
def test_a_call_is_found_whatever_it_is_imported_as(imports, expression, name):
    assert found(imports, f"def answer(x):\n    return {expression}") == {name}
    assert found(f"def answer(x):\n    return {expression}", imports) == {name}


@pytest.mark.parametrize(
    "body",
    [
        "return torch.softmax(x, -1)",
        "f = torch.softmax\nreturn f(x, -1)",
        "import torch as u\nreturn u.softmax(x)",
        "from torch import softmax\nreturn softmax(x)",
        "def inner(y):\n    return torch.softmax(y, -1)\nreturn inner(x)",
        "def inner(y):\n    def deeper(z):\n        return torch.softmax(z, -1)\n    return deeper(y)\nreturn inner(x)",
        "from torch import softmax\ndef inner(y):\n    return softmax(y)\nreturn inner(x)",
        "return (lambda y: torch.softmax(y, -1))(x)",
        "return [torch.softmax(row, -1) for row in x]",
        "return {k: torch.softmax(x, -1) for k in 'a'}",
        "class Local:\n    def f(self, y):\n        return torch.softmax(y, -1)\nreturn Local().f(x)",
        "return functools.partial(torch.softmax, dim=-1)(x)",
        "return list(map(torch.softmax, x))",
        "with torch.no_grad():\n    if x.any():\n        try:\n            return torch.softmax(x, -1)\n"
        "        finally:\n            pass",
        "global kept\nkept = torch.softmax(x, -1)\nreturn kept",
    ],
)
def test_a_call_is_found_wherever_the_answer_has_it(body):
    answer = "def answer(x):\n" + textwrap.indent(body, "    ")
    assert found("import torch, functools", answer) == {"torch.softmax"}
    assert found("import torch, functools", answer.replace("def answer", "async def answer")) == {"torch.softmax"}


@pytest.mark.parametrize(
    "cell",
    [
        "@torch.softmax\ndef answer(x):\n    return x",
        "def answer(x, f=torch.softmax):\n    return f(x)",
        "answer = torch.softmax",
        "answer = lambda x: torch.softmax(x, -1)",
        "answer = functools.partial(torch.softmax, dim=-1)",
        "class answer:\n    f = torch.softmax",
        "class answer(torch.nn.Module):\n    def forward(self, x):\n        return torch.softmax(x, -1)",
        "class answer:\n    @staticmethod\n    def f(x):\n        return torch.softmax(x, -1)",
        "if True:\n    def answer(x):\n        return torch.softmax(x, -1)",
        "for answer in [1]:\n    def answer(x):\n        return torch.softmax(x, -1)",
    ],
)
def test_a_call_is_found_in_every_kind_of_definition(cell):
    assert found("import torch, functools", cell) == {"torch.softmax"}


def test_a_helper_is_read_too_and_the_helper_s_helper():
    cells = [
        "import torch",
        "def low(x):\n    return torch.softmax(x, -1)",
        "class Middle:\n    def __call__(self, x):\n        return low(x)",
        "middle = Middle()",
        "def high(x):\n    return middle(x)",
        "def answer(x):\n    return high(x)",
    ]
    assert uses(*cells) == [Use("torch.softmax", 1, 2)]
    assert uses(*cells, functions=("high",)) == [Use("torch.softmax", 1, 2)]
    assert uses(*cells[::-1]) == [Use("torch.softmax", 4, 2)]


def test_functions_that_call_one_another_end():
    assert found("import torch", "def answer(x):\n    return other(x)", "def other(x):\n    return answer(x)") == set()


def test_each_use_is_told_with_its_cell_and_line_in_order():
    cells = [
        "import torch\nimport numpy as np",
        "# helper\n\ndef helper(x):\n    return np.std(x)\n",
        "def answer(x):\n    y = torch.softmax(x, -1)\n    return helper(y) + torch.softmax(x, -1)",
    ]
    assert uses(*cells) == [
        Use("numpy.std", 1, 4),
        Use("torch.softmax", 2, 2),
        Use("torch.softmax", 2, 3),
    ]


# What is not forbidden


@pytest.mark.parametrize(
    "cells",
    [
        ["assert np.allclose(answer(x), torch.softmax(x, -1))"],
        ["expected = torch.softmax(torch.ones(3), -1)\nassert torch.equal(answer(torch.ones(3)), expected)"],
        ["print(torch.softmax(torch.ones(2), -1))", "for n in range(3):\n    torch.softmax(torch.ones(n), -1)"],
        ["def compare(x):\n    return answer(x) - torch.softmax(x, -1)", "compare(torch.ones(2))"],
        ["class Experiment:\n    def run(self):\n        return torch.softmax(answer(1), -1)"],
    ],
)
def test_visible_tests_and_experiments_may_use_what_the_answer_may_not(cells):
    assert found("import torch\nimport numpy as np", "def answer(x):\n    return x.exp()", *cells) == set()


@pytest.mark.parametrize("name", ["probs", "expected", "x", "row", "error", "total", "k"])
def test_a_local_variable_is_not_the_notebook_s_variable_of_that_name(name):
    """An experiment below the answer calls its result what the answer calls its own."""
    answer = """
    def answer(x, *rows, total=0, **k):
        probs = x.exp()
        expected = [row / probs.sum() for row in probs]
        try:
            expected += rows
        except ValueError as error:
            print(error)
        return probs, expected, total, k
    """
    assert found("import torch", answer, f"{name} = torch.softmax(torch.ones(3), -1)") == set()


@pytest.mark.parametrize(
    "body",
    [
        "softmax = x.exp()\nreturn softmax / softmax.sum()",
        "for softmax in x:\n    pass\nreturn softmax",
        "return [softmax for softmax in x]",
        "return (lambda softmax: softmax)(x)",
        "def softmax(y):\n    return y.exp()\nreturn softmax(x)",
        "with open(x) as softmax:\n    return softmax",
        "softmax: int = 0\nreturn softmax",
        "softmax, other = x\nreturn softmax + other",
    ],
)
def test_a_local_name_is_not_the_import_of_that_name(body):
    answer = "def answer(x):\n" + textwrap.indent(body, "    ")
    assert found("from torch import softmax", answer) == set()
    assert found("from torch import softmax", "def answer(softmax):\n    return softmax") == set()
    # Without the local name it is the import.
    assert found("from torch import softmax", "def answer(x):\n    return softmax(x)") == {"torch.softmax"}


def test_a_function_of_one_s_own_takes_the_place_of_an_import():
    imported, own = "from scipy.special import softmax", "def softmax(x):\n    return x.exp()"
    answer = "def answer(x):\n    return softmax(x)"
    assert found(imported, own, answer) == set()
    assert found(own, imported, answer) == {"scipy.special"}
    assert found(imported, "softmax = lambda x: x.exp()", answer) == set()
    assert found(imported, "class softmax:\n    pass", answer) == set()


def test_a_name_that_may_be_something_else_is_left_to_be_found_when_it_runs():
    imported = "try:\n    from scipy.special import softmax\nexcept ImportError:\n    softmax = None"
    assert found(imported, "def answer(x):\n    return softmax(x)") == set()


def test_the_definition_that_ran_last_counts():
    bad, good = "def answer(x):\n    return torch.softmax(x, -1)", "def answer(x):\n    return x.exp()"
    assert found("import torch", bad, good) == set()
    assert found("import torch", good, bad) == {"torch.softmax"}
    assert found("import torch", bad, "answer = lambda x: x.exp()") == set()
    assert found("import torch", bad, "answer = compiled(answer)") == {"torch.softmax"}
    assert found("import torch", bad, "if slow:\n    def answer(x):\n        return x.exp()") == {"torch.softmax"}


@pytest.mark.parametrize(
    "answer",
    [
        "def answer(x):\n    return torch.softmax_of_mine(x)",
        "def answer(x):\n    return torch.special.softmax",
        "def answer(x):\n    return x.softmax(-1)",
        "def answer(x):\n    return self.torch.softmax(x)",
        "def answer(x):\n    'torch.softmax(x)'\n    # torch.softmax(x)\n    return x",
        "def answer(torch):\n    return torch.softmax",
        "def answer(x):\n    return torch.nn.functional.log_softmax(x) + torch.nn.Softmax2d()(x)",
    ],
)
def test_a_name_that_only_looks_alike_is_allowed(answer):
    assert found("import torch", answer) == set()


def test_a_name_without_its_import_means_nothing():
    assert found("def answer(x):\n    return torch.softmax(x, -1)") == set()


def test_only_the_functions_asked_about_are_read():
    cells = ["import torch", "def answer(x):\n    return x", "def other(x):\n    return torch.softmax(x, -1)"]
    assert uses(*cells) == []
    assert uses(*cells, functions=()) == []
    assert uses(*cells, functions=("missing",)) == []
    assert uses(*cells, functions=("answer", "other")) == [Use("torch.softmax", 2, 2)]


def test_a_scope_ends_where_it_ends():
    """What is local to one function is not to the next, nor is what one function imports known to another."""
    assert found(
        "from torch import softmax",
        "def helper(softmax):\n    return softmax",
        "def answer(x):\n    return helper(x) + softmax(x)",
    ) == {"torch.softmax"}
    assert (
        found("def helper(x):\n    from torch import softmax", "def answer(x):\n    helper(x)\n    return softmax(x)")
        == set()
    )
    assert found(
        "from torch import softmax",
        "def answer(x):\n    y = [softmax for softmax in x]\n    return softmax(y)",
    ) == {"torch.softmax"}


# Notebooks of any kind


@pytest.mark.parametrize(
    "cell",
    [
        "def broken(:\n",
        "x = (",
        "\x00",
        "%%bash\necho torch.softmax",
        "%%timeit\nanswer(1)",
        "!pip install torch",
        "?torch.softmax",
        "torch.softmax?",
        "await answer(1)",
        "return 5",
        "(" * 5_000,
        "x = " + "+".join(["1"] * 20_000),
        "if a:\n    pass\n" + "elif a:\n    pass\n" * 1_500,
        "",
        "x = 1\n" * 10_000,
    ],
    ids=lambda cell: cell[:20],
)
def test_a_cell_that_cannot_be_read_hides_no_other(cell):
    answer = "def answer(x):\n    return torch.softmax(x, -1)"
    assert found("import torch", cell, answer, cell) == {"torch.softmax"}


def test_cells_of_text_are_not_read_and_sources_may_be_lists_of_lines():
    cells = [
        {"cell_type": "markdown", "source": "import torch"},
        {"cell_type": "code", "source": ["import torch\n", "def answer(x):\n", "    return torch.softmax(x)"]},
        {"cell_type": "raw", "source": "def answer(x):\n    return x"},
    ]
    assert forbidden_calls(read_code({"cells": cells}), FORBIDDEN, ["answer"]) == [Use("torch.softmax", 1, 3)]
