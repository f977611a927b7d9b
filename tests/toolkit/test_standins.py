"""The stand-ins: nothing that a library does is different with them, and what they stand for is not there unasked."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from autograder.student.warm import Incubator

BEGIN = """
import json, sys, warnings
warnings.simplefilter("ignore")
from autograder.student import standins
if sys.argv[1] == "with":
    standins.before_importing([])
import torch
import sklearn.datasets
torch._logging.set_logs(dynamo=50)
if sys.argv[1] == "with":
    standins.after_importing()
def digits(change=False, **options):
    found = sklearn.datasets.load_digits(return_X_y=True, **options)
    told = [(each.dtype.str, each.shape, each.flags.writeable, each.sum().item()) for each in found]
    if change:
        found[0][:] = 1
    return told
def loaded(source):
    namespace = {}
    exec(source, namespace)
    return sorted(name for name in namespace if not name.startswith("_")), namespace["expon"].cdf(1.0).item()
def weights(optimizer, **options):
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2)
    chosen = optimizer([model.weight], lr=0.1, **options)
    schedule = torch.optim.lr_scheduler.StepLR(chosen, 1)
    def closure():
        chosen.zero_grad()
        loss = model(torch.ones(4, 3)).pow(2).sum()
        loss.backward()
        return loss
    for _ in range(3):
        chosen.step(closure)
        schedule.step()
    chosen.load_state_dict(chosen.state_dict())
    return model.weight.tolist()
x = torch.ones(3, 2, requires_grad=True)
def jagged():
    parts = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged, requires_grad=True)
    (parts * 2).sum().backward()
    return parts.grad.shape[0]
def told(function):
    try:
        return repr(function())
    except Exception as error:
        return 'raised ' + repr(error)
"""

EVERYDAY = [
    "[weights(getattr(torch.optim, name)) for name in ('SGD', 'Adam', 'AdamW', 'RMSprop', 'Adagrad', 'LBFGS', 'Muon')]",
    "((x * 2).backward(torch.ones(3, 2)), x.grad)",
    "(x * 2).backward(torch.ones(2, 2))",
    "torch.autograd.grad([x * 2, x.sum()], [x], [torch.ones(3, 2), torch.tensor(1.0)])",
    "torch.autograd.grad(x * 2, x, torch.ones(4, 3, 2), is_grads_batched=True)",
    "torch.autograd.grad(x * 2, x, torch.ones(4, 3, 3), is_grads_batched=True)",
    "torch.ones((), requires_grad=True).mul(2).backward(torch.ones(1))",
    "torch.autograd.functional.jacobian(lambda v: v * 2, torch.ones(2))",
    "torch.func.vmap(lambda v: v * 2)(torch.ones(3))",
    "torch.nn.TransformerEncoderLayer(4, 2)(torch.ones(3, 1, 4)).shape",
    "torch.nn.LSTM(2, 2)(torch.ones(3, 1, 2))[0].shape",
    "[inspect.getmodule(weights).__name__ for inspect in [__import__('inspect')]]",
    "[digits(change=True), digits(change=True), digits(n_class=3)]",
    "sklearn.datasets.load_digits().DESCR",
    "sklearn.datasets.load_digits().keys()",
    "[sklearn.datasets.load_iris().data.sum(), sklearn.datasets.load_diabetes().data[:2]]",
    "__import__('importlib.util', fromlist=['x']).find_spec('scipy.stats').name",
    "__import__('importlib.util', fromlist=['x']).find_spec('torch._dynamo').name",
    "sklearn.datasets._base.load_gzip_compressed_csv_data('digits.csv.gz', delimiter=',', max_rows=2).shape",
]
SELDOM = [
    "loaded('from scipy.stats import expon')",
    "loaded('from scipy.stats import *')",
    "loaded('from scipy.stats.distributions import expon')",
    "__import__('scipy').stats.expon.cdf(1.0).item()",
    "dir(__import__('scipy.stats', fromlist=['x']))",
    "__import__('sklearn.linear_model', fromlist=['x']).LinearRegression().fit([[0], [1]], [0, 2]).coef_",
    "torch.func.jacrev(lambda v: v * 2)(torch.ones(3))",
    "jagged()",
    "torch.export.export(torch.nn.Linear(2, 2), (torch.ones(1, 2),)).module()(torch.ones(1, 2)).shape",
    "torch.compile(lambda v: v * 2, backend='eager')(torch.ones(2))",
    "__import__('torch._dynamo.config', fromlist=['x']).__name__",
    "__import__('torch.fx.experimental.symbolic_shapes', fromlist=['ShapeEnv']).ShapeEnv.__name__",
    "torch._dynamo.explain.__module__",
]


def values(how: str, expressions: list[str]) -> tuple[list[str], list[str]]:
    """What the expressions give, with the stand-ins or without, and which of what they stand for is there then."""
    lines = [f"said = [{', '.join(f'told(lambda: {expression})' for expression in expressions)}]"]
    lines.append("kept = ('sympy', 'torch._dynamo.symbolic_convert', 'scipy.stats.distributions')")
    lines.append("there = [name for name in kept if name in sys.modules]")
    lines.append("print(json.dumps([said, there]))")
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + "\n".join(lines), how], capture_output=True, text=True, check=True, timeout=300
    )
    said, there = json.loads(done.stdout.splitlines()[-1])
    return said, there


def test_what_notebooks_do_every_day_is_the_same_and_brings_in_no_more():
    usual, _ = values("without", EVERYDAY)
    said, there = values("with", EVERYDAY)
    assert said == usual
    assert there == []
    assert sum(each.startswith("raised ") for each in said) == 3


def test_there_is_none_for_a_library_that_nobody_imported():
    lines = ["import sys", "from autograder.student import zygote"]
    lines += ["zygote.import_all(['json'])", "print([name for name in sys.modules if name.startswith('scipy')])"]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=300)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize("imports", [[["sklearn.datasets", "scipy.stats"]], [["sklearn.datasets"], ["scipy.stats"]]])
def test_a_notebook_that_imports_statistics_finds_them_imported(imports):
    lines = ["import sys", "from autograder.student import zygote"]
    lines += [f"zygote.import_all({names})" for names in imports]
    lines.append("print('scipy.stats.distributions' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=300)
    assert done.stdout == "True\n", done.stderr


@pytest.fixture(scope="module")
def usual() -> dict[str, str]:
    return dict(zip(SELDOM, values("without", SELDOM)[0], strict=True))


@pytest.mark.parametrize("expression", SELDOM)
def test_what_needs_the_real_module_gets_it(expression, usual):
    said, _ = values("with", [expression])
    assert said == [usual[expression]]
    assert not said[0].startswith("raised ")


def test_a_student_s_process_has_them():
    code = """import sys, torch
x = torch.ones(2, requires_grad=True)
torch.optim.Adam([x]).step()
(x * 2).backward(torch.ones(2))
print("sympy" in sys.modules, x.grad.tolist())"""
    with Incubator() as incubator, incubator.zygote() as zygote:
        process = zygote.spawn()
        assert process.run_cell(0, code).outputs[0]["text"] == "False [2.0, 2.0]\n"
        process.end()
