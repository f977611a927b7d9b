"""The stand-ins: nothing that a library does is different with them, and what they stand for is not there unasked."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from autograder.student.warm import Incubator

BEGIN = """
import importlib.resources, importlib.util, json, os, pickle, pkgutil, sys, warnings
warnings.simplefilter("ignore")
from autograder.student import standins
if sys.argv[1] == "with":
    standins.before_importing(sys.argv[2:])
import sklearn.datasets
def digits(change=False, **options):
    found = sklearn.datasets.load_digits(return_X_y=True, **options)
    told = [(each.dtype.str, each.shape, each.flags.writeable, each.sum().item()) for each in found]
    if change:
        found[0][:] = 1
    return told
def described(value):
    import numpy
    if isinstance(value, numpy.ndarray):
        return str(value.dtype), value.shape, value.strides, value.flags.writeable, value.sum().item()
    return type(value).__name__, repr(value)
def once(name):
    before = []
    loaders = importlib.machinery.SourceFileLoader, importlib.machinery.ExtensionFileLoader
    for loader in loaders:
        def exec_module(self, module, execute=loader.exec_module):
            before.append(module.__name__)
            return execute(self, module)
        loader.exec_module = exec_module
    importlib.import_module(name)
    assert name in before or name in sys.modules
    top = name.partition(".")[0]
    twice = {each for each in before if before.count(each) > 1 and each.startswith(top + ".")}
    package, _, last = name.rpartition(".")
    return sorted(twice), getattr(sys.modules[package], last) is sys.modules[name]
def held(name):
    import sklearn.datasets as before
    from unittest import mock
    with mock.patch(name, "mine"):
        from sklearn.datasets import load_iris
        import sklearn.datasets as after
    before.flag = 3
    return load_iris, before is after, after.flag
def loaded(source):
    namespace = {}
    exec(source, namespace)
    return sorted(name for name in namespace if not name.startswith("_")), namespace["expon"].cdf(1.0).item()
def plotted(statement, expression):
    os.environ["MPLBACKEND"] = "agg"
    if sys.argv[1] == "with":
        standins.put_plots()
    namespace = {}
    exec(statement, namespace)
    return eval(expression, namespace)
def told(function):
    try:
        return repr(function())
    except Exception as error:
        return 'raised ' + repr(error)
"""

TORCH = """
import torch
torch._logging.set_logs(dynamo=50)
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
def faked():
    from torch._subclasses.fake_tensor import FakeTensorMode
    with FakeTensorMode() as mode:
        inside = torch.nn.Conv2d(1, 2, 3)(torch.ones(1, 1, 5, 5)), torch.linalg.qr(torch.ones(3, 2))
        return inside, mode.from_tensor(torch.ones(2, 3)).T @ torch.ones(2, 2)
def traced():
    from torch.fx.experimental.proxy_tensor import make_fx
    return make_fx(lambda v: torch.nn.functional.layer_norm(v, (2,)).softmax(0))(torch.ones(2, 2)).code
def spread():
    from torch.distributed.tensor import DTensor
    return [told(lambda: torch.testing.assert_close(torch.ones(2), other)) for other in (torch.ones(2), torch.zeros(2))]
def chosen():
    return torch.cond(torch.tensor(True), lambda v: v + 1, lambda v: v * 2, (torch.ones(1),))
def with_torch_device_meta():
    with torch.device("meta"):
        return torch.nn.Conv2d(1, 2, 3)(torch.zeros(1, 1, 4, 4)), torch.arange(3), torch.randn(2).std()
def loaded_names(source):
    namespace = {}
    exec(source, namespace)
    return [name for name in namespace if not name.startswith("_")]
def saved_and_loaded_on_meta():
    import io
    file = io.BytesIO()
    torch.save(torch.nn.Linear(2, 2).state_dict(), file)
    return torch.load(io.BytesIO(file.getvalue()), map_location="meta")
def interrupted():
    import builtins
    real = builtins.__import__
    def fails(name, *rest):
        if name == "torch._refs" or name == "torch._prims_common":
            raise KeyboardInterrupt
        return real(name, *rest)
    if sys.argv[1] == "with":
        builtins.__import__ = fails
        try:
            torch.empty(3, device="meta")
            return "not interrupted"
        except KeyboardInterrupt:
            pass
        finally:
            builtins.__import__ = real
    return torch.linalg.qr(torch.empty(3, 2, device="meta"))
METHODS = [name for name in dir(torch.Tensor) if not name.startswith("_") and not name.endswith("_")]
def on_meta(name):
    found = []
    for arguments in [(), (0,), (0.5,), (torch.ones(2, 2, device="meta"),), (0, torch.zeros(2, 2, dtype=torch.long))]:
        for dtype in (torch.float32, torch.int64):
            try:
                one = getattr(torch.ones(2, 2, dtype=dtype, device="meta"), name)(*arguments)
                found.append(repr(one) if isinstance(one, (torch.Tensor, tuple)) else type(one).__name__)
            except Exception as error:
                found.append(type(error).__name__)
    return name, found
if sys.argv[1] == "with":
    standins.after_importing()
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
    "torch.nn.TransformerEncoderLayer(4, 2)(torch.ones(3, 1, 4)).shape",
    "torch.nn.LSTM(2, 2)(torch.ones(3, 1, 2))[0].shape",
    "torch.testing.assert_close(torch.ones(2), torch.ones(2))",
    "torch.testing.assert_close(torch.ones(2), torch.tensor([1.0, 2.0]))",
    "torch.testing.assert_close({'a': [1.0, torch.ones(1)]}, {'a': [1.0, torch.ones(1)]})",
    "[torch.broadcast_shapes(*all_) for all_ in [((2, 1), (3,)), (torch.Size([4]), ()), ((0, 1), (1, 3)), ((1,),)]]",
    "torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2)).log_prob(torch.ones(2))",
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
    "torch.func.vmap(lambda v: v * 2)(torch.ones(3))",
    "torch.func.vmap(torch.func.grad(lambda v: (v * 2).sum()))(torch.ones(3, 2))",
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
    "once('torch._dynamo.config')",
    "once('torch.export.graph_signature')",
    "once('torch._refs.linalg')",
    "[torch.empty(2, 3, device='meta'), torch.ones(2).to('meta'), torch.empty_strided((2, 2), (2, 1), device='meta')]",
    "[on_meta(name) for name in METHODS]",
    "torch.nn.TransformerEncoderLayer(4, 2, device='meta')(torch.ones(3, 1, 4, device='meta'))",
    "torch.nn.Linear(2, 3, device='meta').to_empty(device='cpu').weight.shape",
    "torch.nn.utils.skip_init(torch.nn.Linear, 2, 3).weight.shape",
    "with_torch_device_meta()",
    "faked()",
    "traced()",
    "torch.func.jvp(torch.nn.functional.gelu, (torch.ones(3),), (torch.ones(3),))",
    "torch.func.hessian(lambda v: torch.nn.functional.log_softmax(v, 0).sum())(torch.ones(3))",
    "torch.nn.functional.dropout(torch.ones(3, device='meta')).shape",
    "[torch._refs.softmax(torch.zeros(2), 0), torch._prims.add(torch.ones(1), torch.ones(1))]",
    "len(torch._decomp.get_decompositions([torch.ops.aten.addmm, torch.ops.aten.native_layer_norm]))",
    "torch.export.Dim('batch', max=3).__name__",
    "[told(lambda: torch.broadcast_shapes(*all_)) for all_ in [((2,), (3,)), (3, 1), ([2, 1], (3,)), (), ((-1,),)]]",
    "spread()",
    "sorted(loaded_names('from torch.export import *'))",
    "chosen()",
    "saved_and_loaded_on_meta()",
    "interrupted()",
]
# Of a scikit-learn that is wanted for its digits alone.
ONLY_DIGITS = "sklearn.datasets:load_digits"
DIGITS = [
    "[(key, described(value)) for key, value in sklearn.datasets.load_digits().items()]",
    "[described(each) for each in sklearn.datasets.load_digits(return_X_y=True)]",
    "[digits(change=True), digits(change=True)]",
    "type(sklearn.datasets.load_digits())",
    "dir(sklearn.datasets.load_digits())",
    "sklearn.datasets.load_digits().images.base is sklearn.datasets.load_digits().data.base",
    "[pickle.loads(pickle.dumps(sklearn.datasets.load_digits())).data.sum() for _ in range(2)]",
    "[sklearn.__version__, sklearn.__name__, sklearn.datasets.__name__]",
    "[importlib.util.find_spec(name).name for name in ('sklearn', 'sklearn.datasets', 'scipy')]",
    "[hasattr(sklearn, name) for name in ('__path__', '__version__')]",
    "[sklearn.__file__, sklearn.datasets.__file__, sklearn.__package__, sklearn.__spec__.origin]",
    "sum(each.is_file() for each in importlib.resources.files('sklearn.datasets').joinpath('data').iterdir())",
    "len(pkgutil.get_data('sklearn.datasets', 'data/iris.csv'))",
    "pickle.loads(pickle.dumps(sklearn.datasets.load_digits)) is sklearn.datasets.load_digits",
]
SELDOM_DIGITS = [
    "sklearn.datasets.load_digits(10)",
    "sklearn.datasets.load_digits(classes=3)",
    "[described(each) for each in sklearn.datasets.load_digits(return_X_y=True, as_frame=False, n_class=10)]",
    "digits(n_class=3)",
    "digits(n_class=True)",
    "sklearn.datasets.load_digits(n_class=11)",
    "sklearn.datasets.load_digits(return_X_y=1)",
    "sklearn.datasets.load_digits(as_frame='yes')",
    "type(sklearn.datasets.load_digits(as_frame=True).frame)",
    "sklearn.datasets.load_iris().data.sum()",
    "sklearn.metrics.accuracy_score([1, 2], [1, 1])",
    "isinstance(sklearn.datasets.load_digits(), importlib.import_module('sklearn.utils').Bunch)",
    "importlib.import_module('sklearn.utils.extmath').softmax([[0.0, 0.0]])",
    "[once(name) for name in ('sklearn.utils.extmath', 'sklearn.datasets._base', 'sklearn.svm', 'scipy.stats')]",
    "[list(sklearn.__path__), list(sklearn.datasets.__path__), sklearn.__path__[0], len(sklearn.__path__)]",
    "importlib.util.find_spec('sklearn.utils').name",
    "importlib.util.find_spec('sklearn.utils').origin",
    "importlib.reload(importlib.import_module('sklearn.utils')).Bunch",
    "sorted(each.name for each in pkgutil.iter_modules(sklearn.__path__))",
    "importlib.resources.files('sklearn.datasets.data').joinpath('digits.csv.gz').is_file()",
    "dir(sklearn)",
    "sorted(set(dir(sklearn.datasets)) - {'sklearn', 'data', 'descr'})",
    "loaded('from sklearn.datasets import *; from scipy.stats import expon')",
    "sklearn.clone(importlib.import_module('sklearn.svm').SVC(C=3.0))",
    "sklearn.nothing",
    "held('sklearn.datasets.load_iris')",
    "[sklearn.clone, type(sklearn), sklearn.datasets.load_iris, type(sklearn.datasets)][1::2]",
    "[sklearn.get_config()['assume_finite'], importlib.reload(sklearn) is sklearn]",
    "[sklearn.svm.SVC().C, sklearn.utils._bunch.Bunch is sklearn.utils.Bunch]",
    "[sklearn.clone.__name__, sklearn.__path__ + ['x'], sklearn.__doc__[:20], sklearn.__file__]",
    "importlib.import_module('sklearn.nothing')",
]


# In a process that need not plot.
PLOTS = [
    "plotted('import matplotlib.pyplot as plt', 'plt.subplots()[1].plot([1, 2])[0].get_xydata()')",
    "plotted('from matplotlib import pyplot as plt', '[plt.rcParams[name] for name in (\"backend\", \"font.size\")]')",
    "plotted('import matplotlib', '[matplotlib.__version__, matplotlib.__file__, matplotlib.__spec__.origin]')",
    "plotted('import matplotlib', '[matplotlib.get_backend(), matplotlib.colors.to_hex(\"red\")]')",
    "plotted('from matplotlib.colors import to_hex', 'to_hex(\"red\")')",
    "plotted('from matplotlib import cm', 'cm.viridis(0.5)')",
    "plotted('import matplotlib.cm, matplotlib.figure', '[matplotlib.cm.gray(9), matplotlib.figure.Figure().dpi]')",
    "plotted('from mpl_toolkits.mplot3d import Axes3D', 'Axes3D.name')",
    "plotted('import matplotlib.pyplot', '[sorted(dir(matplotlib.pyplot))]')",
    "[once('matplotlib.figure'), once('matplotlib.pyplot')]",
]


def values(how: str, expressions: list[str], *names: str, apart: bool = False) -> list[tuple[str, list[str]]]:
    """What each expression gives, with the stand-ins or without, and which of what they stand for is there then.

    `names` are what the notebook imports. Without any it is torch and scikit-learn. `apart` is each in a fork.
    """
    lines = ["kept = ('sympy', 'torch._dynamo.symbolic_convert', 'torch._refs.linalg', 'torch._export.utils',"]
    lines += ["'scipy.stats.distributions', 'sklearn.base')"]
    for expression in expressions:
        lines += [
            f"if {apart} and os.fork():",
            "    os.wait()",
            "else:",
            f"    said = told(lambda: {expression})",
            "    print(json.dumps([said, [name for name in kept if name in sys.modules]]), flush=True)",
            f"    if {apart}: os._exit(0)",
        ]
    done = subprocess.run(
        [sys.executable, "-c", (BEGIN if names else BEGIN + TORCH) + "\n".join(lines), how, *names],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    found = [tuple(json.loads(line)) for line in done.stdout.splitlines()]
    assert len(found) == len(expressions), done.stderr
    return found


def said(found: list[tuple[str, list[str]]]) -> list[str]:
    return [value for value, _ in found]


def test_what_notebooks_do_every_day_is_the_same_and_brings_in_no_more():
    usual, found = values("without", EVERYDAY), values("with", EVERYDAY)
    assert said(found) == said(usual)
    assert found[-1][1] == ["sklearn.base"]
    assert sum(each.startswith("raised ") for each in said(found)) == 4


def test_the_digits_are_the_same_and_bring_in_nothing_else():
    usual, found = values("without", DIGITS, ONLY_DIGITS), values("with", DIGITS, ONLY_DIGITS)
    assert said(found) == said(usual)
    assert found[-1][1] == []
    assert not any(each.startswith("raised ") for each in said(found))


def test_what_plots_where_nobody_need_plot_gets_the_library():
    usual, found = values("without", PLOTS, ONLY_DIGITS, apart=True), values("with", PLOTS, ONLY_DIGITS, apart=True)
    assert dict(zip(PLOTS, said(found), strict=True)) == dict(zip(PLOTS, said(usual), strict=True))
    assert not any(each.startswith("raised ") for each in said(found))


def test_there_is_none_for_a_library_that_nobody_imported():
    lines = ["import sys", "from autograder.student import zygote"]
    lines += ["zygote.import_all(['json'])", "print([name for name in sys.modules if name.startswith('scipy')])"]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=300)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize("names", [["torch.export", "torch.func:vmap"], ["torch", "functorch", "torch.export:Dim"]])
@pytest.mark.parametrize("first", [[], ["torch"]])
def test_what_a_notebook_imports_of_torch_is_imported_once(names, first):
    lines = ["import sys", "from autograder.student import zygote", f"zygote.import_all({first})"]
    lines += [f"missing = zygote.import_all({names})", "there = [*sys.modules]", "import torch"]
    lines += ["torch.func.vmap(lambda v: v * 2)(torch.empty(2, device='meta')), torch.export.Dim('n')"]
    lines += ["print(missing, set(sys.modules) - {*there} & {'torch._refs.linalg', 'torch._export.utils'})"]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=300)
    assert done.stdout == "[] set()\n", done.stderr


def test_a_process_that_need_not_plot_does_not_import_what_plots():
    lines = ["import sys", "from autograder.student import standins, zygote", "zygote.import_all(['torch'])"]
    lines += ["standins.put_plots()", "import matplotlib.pyplot as plt", "from matplotlib import pyplot"]
    lines += ["print('matplotlib.figure' in sys.modules, plt is pyplot, plt.figure().get_axes(), plt.subplots)"]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=300)
    assert done.stdout.startswith("False True [] <function subplots at "), done.stderr


@pytest.mark.parametrize("imports", [[["sklearn.datasets", "scipy.stats"]], [["sklearn.datasets"], ["scipy.stats"]]])
def test_a_notebook_that_imports_statistics_finds_them_imported(imports):
    lines = ["import sys", "from autograder.student import zygote"]
    lines += [f"zygote.import_all({names})" for names in imports]
    lines.append("print('scipy.stats.distributions' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=300)
    assert done.stdout == "True\n", done.stderr


def test_what_needs_the_real_module_gets_it():
    usual, found = values("without", SELDOM, apart=True), values("with", SELDOM, apart=True)
    assert dict(zip(SELDOM, said(found), strict=True)) == dict(zip(SELDOM, said(usual), strict=True))
    assert not any(each.startswith("raised ") for each in said(found))


def test_what_needs_more_than_the_digits_gets_the_library():
    usual = values("without", SELDOM_DIGITS, ONLY_DIGITS, apart=True)
    found = values("with", SELDOM_DIGITS, ONLY_DIGITS, apart=True)
    assert dict(zip(SELDOM_DIGITS, said(found), strict=True)) == dict(zip(SELDOM_DIGITS, said(usual), strict=True))
    assert [expression for expression, (_, there) in zip(SELDOM_DIGITS, found, strict=True) if not there] == []


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
