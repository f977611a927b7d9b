"""Stand-ins for what libraries take seconds for, once or for each notebook, and notebooks have no use for.

Two are modules of torch's compiler, of which a notebook that compiles nothing needs four functions: the first optimizer
imports `torch._dynamo`, 800 modules in more than a second, only to say that a function is not to be compiled and that
there is nothing to break off; the first gradient that is not a scalar's imports all of SymPy, half a second, to compare
two shapes. Some are what torch itself imports without using it, a third of its time: `torch.export`, and how operators
treat tensors without data, those of the device "meta". One is `scipy.stats`, half of what takes so long in importing
scikit-learn, which only looks into it much later. And scikit-learn itself has one for notebooks that want nothing of it
but the digits: without the library and SciPy a fork takes two thirds of the time. Whatever else is asked of a stand-in,
or of a module below it, brings in the real one, which takes its place. So does the first tensor without data.

Matplotlib has one in processes that need not plot, those of examiners: model answers import it with all else.

The digits, on which most notebooks are built, are read from their file once in any case, and not by each.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
import types
from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

_EXPORT, _META = "torch.export", "torch._meta_registrations"
_PLOTS = ("matplotlib", "matplotlib.pyplot")
_STATS = "scipy.stats"
_LEARN, _DATASETS = "sklearn", "sklearn.datasets"
_ONLY_DIGITS = {"sklearn.datasets:load_digits"}
_BUNCH = "sklearn.utils._bunch"

at_work = 0
"""More than 0 while the real modules are imported, which is nobody's doing."""


def before_importing(names: Sequence[str]) -> None:
    """Put those in place that importing others would bring in, unless one of `names` asks for it.

    A name is a module's, or "module:name" for a name that is taken from it.
    """
    wanted = {each for each, users in _USERS.items() if any(_is_below(name, user) for user in users for name in names)}
    if "torch" not in sys.modules:
        _put_of_torch(wanted)
    for name in wanted:
        _take_back(name)
    of_learn = {name for name in names if name.replace(":", ".").partition(".")[0] == _LEARN}
    if of_learn == _ONLY_DIGITS and _LEARN not in sys.modules:
        with contextlib.suppress(AttributeError, ImportError, OSError):  # another release, or one without its files
            _put_digits()
    elif of_learn - _ONLY_DIGITS:
        _take_back(_LEARN)
        _take_back(_DATASETS)
    if any(name == "scipy" or _is_below(name, _STATS) for name in names):
        _take_back(_STATS)
    else:
        _put(_STATS, {})


def after_importing() -> None:
    """Put those in place that are for torch and scikit-learn, where these are there and the real modules are not."""
    if "torch" in sys.modules:
        for name, functions in _FUNCTIONS.items():
            _put(name, functions)
        if isinstance(sys.modules.get(_META), StandIn):
            folder = Path(str(sys.modules["torch"].__file__)).parent
            for name, functions in _BY_META.items():
                _put(name, {**_place(name, folder / name.rpartition(".")[2]), **functions})
            _watch_for_meta()
        if (comparison := sys.modules.get("torch.testing._comparison")) is not None:
            _keep_to_tensors(comparison)
    if "scipy" not in sys.modules:
        sys.modules.pop(_STATS, None)
    if (loader := sys.modules.get("sklearn.datasets._base")) is not None:
        with contextlib.suppress(AttributeError, OSError):  # another release, or one without its files
            _keep_digits(loader)


def put_plots() -> None:
    """Put those in place that are for a process that need not plot, where nobody has imported what they stand for."""
    library, pyplot = _PLOTS
    found = importlib.machinery.PathFinder.find_spec(library)
    if library not in sys.modules and found is not None and found.origin is not None:
        with contextlib.suppress(ImportError):  # one that does not say what release it is
            version = importlib.metadata.version(library)
            _put(library, {"__version__": version, **_place(library, Path(found.origin).parent)})
            _put(pyplot, {})


def is_for_plots(name: str) -> bool:
    """Whether a module, or "module:name", is one of the library's that `put_plots` has a stand-in for."""
    return _is_below(name, _PLOTS[0])


def _is_below(name: str, package: str) -> bool:
    return f"{name.replace(':', '.')}.".startswith(f"{package}.")


def _put(name: str, content: Mapping[str, Any]) -> None:
    if _below not in sys.meta_path:
        sys.meta_path.insert(0, _below)
    if name not in sys.modules:
        module = sys.modules[name] = StandIn(name, content)
        package, _, last = name.rpartition(".")
        if package in sys.modules:
            setattr(sys.modules[package], last, module)


def _take_back(name: str) -> None:
    if isinstance(sys.modules.get(name), StandIn):
        with contextlib.suppress(ImportError):  # which will be said of all that cannot be imported
            _real(name)


class StandIn(types.ModuleType):
    """Has the few functions that are wanted of it unasked; everything else is the real module's."""

    def __init__(self, name: str, content: Mapping[str, Any]) -> None:
        super().__init__(name)
        self.__spec__ = importlib.machinery.ModuleSpec(name, None)  # for who only asks whether it is there
        if name in _PACKAGES:
            vars(self)["__path__"] = _Path(name)
        vars(self).update(content)

    def __getattr__(self, name: str) -> Any:
        # Import asks a module for all of its names before it takes them. What other names of that kind there are is for
        # who goes through all modules.
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        return getattr(_real(self.__name__), name)

    def __dir__(self) -> list[str]:
        return dir(_real(self.__name__))


class _Path(Sequence[str]):
    """The path of a package that a stand-in stands for. Who looks along it gets the real one imported."""

    def __init__(self, package: str) -> None:
        self.package = package

    @property
    def _real(self) -> list[str]:
        return list(_real(self.package).__path__)

    def __getitem__(self, index: Any) -> Any:
        return self._real[index]

    def __len__(self) -> int:
        return len(self._real)


class _Below(importlib.abc.MetaPathFinder):
    """Finds the modules below a stand-in that come with the real package, so that they are not imported twice."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """What is there, once the real package is."""
        if not isinstance(path, _Path):
            return None
        _real(path.package)
        there = sys.modules.get(name)
        spec = there.__spec__ if there is not None and there is not target else None
        if spec is None or spec.loader is None or isinstance(spec.loader, type):
            return None
        # Import did not find it a moment ago, and will make it once more of whatever it is told: so of this.
        loader: Any = spec.loader
        loader.create_module = lambda _: there
        loader.exec_module = lambda _: None
        return spec


_below = _Below()


def _real(name: str) -> types.ModuleType:
    """The real module, imported if it is not there: into the stand-in, which others may have."""
    global at_work
    if name in _BY_META and isinstance(sys.modules.get(_META), StandIn):
        _real(_META)  # which adds to their tables
    module = sys.modules.get(name)
    if not isinstance(module, StandIn):
        return importlib.import_module(name)
    at_work += 1
    try:
        if name == _META:
            while _watching:
                _watching.pop()._destroy()
        if name in (_LEARN, _DATASETS):
            _put(_STATS, {})
        if package := name.rpartition(".")[0]:
            importlib.import_module(package)
        module.__class__ = types.ModuleType  # type: ignore[assignment] # it was more, and is this from now on
        try:
            importlib.reload(module)
        except BaseException:
            module.__class__ = StandIn
            if name == _META:
                _watch_for_meta()
            raise
        with contextlib.suppress(AttributeError, KeyError, OSError):  # another release, or one without its files
            if name == _DATASETS:
                _keep_digits(sys.modules[f"{name}._base"])
            if name == _LEARN:
                sys.modules[f"{name}.utils"]._bunch = sys.modules[_BUNCH]  # type: ignore[attr-defined] # as import does
    finally:
        at_work -= 1
    return module


def _disable(function: Callable[..., Any], *_: Any, **__: Any) -> Callable[..., Any]:
    return function


def _graph_break(*_: Any, **__: Any) -> None:
    """There is no graph."""


def _sym_eq(one: Any, other: Any) -> Any:
    """Whether two shapes are equal. Symbols in them are the real module's."""
    if all(type(size) is int for shape in (one, other) for size in (shape if isinstance(shape, tuple) else [shape])):
        return tuple(one) == tuple(other) if isinstance(one, tuple) and isinstance(other, tuple) else one == other
    return _real(_SHAPES).sym_eq(one, other)


def _expect_true(claim: Any, *arguments: Any) -> bool:
    return claim if type(claim) is bool else _real(_SHAPES).expect_true(claim, *arguments)


def _put_of_torch(wanted: Set[str]) -> None:
    """Put those in place that torch, before it is imported, would import itself, but for those that are `wanted`."""
    found = importlib.machinery.PathFinder.find_spec("torch")
    for folder in (found and found.submodule_search_locations) or []:
        if Path(folder, "export").is_dir() and _EXPORT not in wanted:
            _put(_EXPORT, _place(_EXPORT, Path(folder, "export")))
        if Path(folder, "_meta_registrations.py").is_file() and _META not in wanted:
            _put(_META, {})


_watching: list[Any] = []


def _watch_for_meta() -> None:
    """Have the real module imported by the first tensor without data, which one of two operators makes."""
    if _watching:
        return
    from torch import library as registration
    from torch import ops

    kernels: Any = registration.Library("aten", "IMPL", "Meta")  # type: ignore[no-untyped-call] # few types
    if not hasattr(kernels, "_destroy"):  # another release
        _real(_META)
        return
    _watching.append(kernels)
    for operator in (ops.aten.empty.memory_format, ops.aten.empty_strided.default):

        def first(*arguments: Any, operator: Any = operator, **options: Any) -> Any:
            _real(_META)
            return operator(*arguments, **options)

        kernels.impl(operator, first)


def _broadcast_shapes(*shapes: Any) -> list[int]:
    """The shape that `shapes` are broadcast to. Symbols in them, and shapes that do not fit, are the real module's."""
    import numpy as np

    if shapes and all(isinstance(shape, tuple) and all(type(size) is int for size in shape) for shape in shapes):
        with contextlib.suppress(ValueError):
            return list(np.broadcast_shapes(*shapes))
    found: list[int] = _real("torch._refs")._broadcast_shapes(*shapes)
    return found


def _keep_to_tensors(comparison: Any) -> None:
    """Have torch's assertions import tensors that are spread over machines where somebody else has: there may be one.

    They would import them, half a second, to ask whether what they compare is one.
    """
    unwrap = getattr(comparison, "_unwrap_dtensor_for_comparison", None)
    if unwrap is None or hasattr(unwrap, "__wrapped__"):
        return

    @functools.wraps(unwrap)
    def _unwrap_dtensor_for_comparison(actual: Any, expected: Any) -> Any:
        return unwrap(actual, expected) if "torch.distributed.tensor" in sys.modules else (actual, expected)

    comparison._unwrap_dtensor_for_comparison = _unwrap_dtensor_for_comparison


def _put_digits() -> None:
    """Put a scikit-learn in place that has its digits and nothing else."""
    import numpy as np

    found = importlib.machinery.PathFinder.find_spec(_LEARN)
    if found is None or not found.submodule_search_locations:
        return
    folder = Path(found.submodule_search_locations[0])
    version = importlib.metadata.version("scikit-learn")
    spec = importlib.util.spec_from_file_location(_BUNCH, folder / "utils" / "_bunch.py")
    if spec is None or spec.loader is None:
        return
    bunch = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bunch)
    with gzip.open(folder / "datasets" / "data" / "digits.csv.gz", "rt", encoding="utf-8") as file:
        table = np.loadtxt(file, delimiter=",")  # (1797, 65): the pixels row by row, then the digit
    text = (folder / "datasets" / "descr" / "digits.rst").read_text("utf-8")

    def load_digits(*arguments: Any, **options: Any) -> Any:
        """Return scikit-learn's digits: pixels from 0 to 16 (1797, 64) and labels (1797,), with what describes them."""
        alone = options.get("return_X_y", False)
        if arguments or options.keys() - {"return_X_y"} or type(alone) is not bool:
            return _real(_DATASETS).load_digits(*arguments, **options)
        own = table.copy()
        data, target = own[:, :-1], own[:, -1].astype(int)
        if alone:
            return data, target
        return bunch.Bunch(
            data=data,
            target=target,
            frame=None,
            feature_names=[f"pixel_{row}_{column}" for row in range(8) for column in range(8)],
            target_names=np.arange(10),
            images=data.reshape(-1, 8, 8),
            DESCR=text,
        )

    load_digits.__module__, load_digits.__qualname__ = _DATASETS, "load_digits"
    sys.modules[_BUNCH] = bunch  # the real one's, too, should it come
    _put(_LEARN, {"__version__": version, **_place(_LEARN, folder)})
    _put(_DATASETS, {"load_digits": load_digits, **_place(_DATASETS, folder / "datasets")})


def _place(name: str, folder: Path) -> dict[str, Any]:
    """What a package in `folder` says of its place."""
    file = folder / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[str(folder)])
    return {"__spec__": spec, "__loader__": spec and spec.loader, "__file__": str(file), "__package__": name}


def _keep_digits(loader: Any) -> None:
    """Have the digits read and parsed now, and a copy handed out whenever they are asked for."""
    read = loader.load_gzip_compressed_csv_data
    if hasattr(read, "__wrapped__"):
        return
    # As `load_digits` calls it.
    file, how = "digits.csv.gz", {"descr_file_name": "digits.rst", "delimiter": ","}
    data, text = read(data_file_name=file, **how)

    @functools.wraps(read)
    def load_gzip_compressed_csv_data(data_file_name: str, **options: Any) -> Any:
        if data_file_name == file and options == how:
            return data.copy(), text
        return read(data_file_name, **options)

    loader.load_gzip_compressed_csv_data = load_gzip_compressed_csv_data


_SHAPES = "torch.fx.experimental.symbolic_shapes"
_FUNCTIONS: dict[str, dict[str, Callable[..., Any]]] = {
    "torch._dynamo": {"disable": _disable, "graph_break": _graph_break},
    _SHAPES: {"sym_eq": _sym_eq, "expect_true": _expect_true},
}
# What the module of operators on tensors without data brings in.
_BY_META: dict[str, dict[str, Callable[..., Any]]] = {
    "torch._decomp": {},
    "torch._prims": {},
    "torch._refs": {"_broadcast_shapes": _broadcast_shapes},
}
_USERS = {_EXPORT: (_EXPORT,), _META: (_META, *_BY_META, "torch.func", "functorch")}
_PACKAGES = frozenset({"torch._dynamo", _EXPORT, *_BY_META, _PLOTS[0], _STATS, _LEARN, _DATASETS})
