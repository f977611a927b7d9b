"""Forbidden calls are noticed whether or not what is forbidden was there when it was forbidden."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SHOP = {
    "shop/__init__.py": """
        from shop.goods import sell
        def __getattr__(name):
            import importlib
            if name == "late":
                return importlib.import_module("shop.late")
            raise AttributeError(name)
    """,
    "shop/goods.py": """
        from shop import tools
        def sell(): return tools.weigh()
        def give(): return "given"
        class Box:
            def open(self): return "opened"
        def _hidden(): return "hidden"
    """,
    "shop/tools.py": "def weigh(): return 'weighed'\ndef cut(): return 'cut'\n_kept = 3\nfrom json import loads\n",
    "shop/late.py": "def come(): return 'came'",
    "lazy/__init__.py": "def __getattr__(name):\n    from lazy.rest import blur\n    return {'blur': blur}[name]\n",
    "lazy/rest.py": "def blur(): return 'blurred'",
    "twice/__init__.py": "from twice.raw import f\nimport twice.other\nfrom twice.nice import f\n",
    "twice/raw.py": "def f(): return 'raw'",
    "twice/other.py": "def g(): return 'other'",
    "twice/nice.py": "def f(): return 'nice'",
    "shop/broken.py": "def early(): return 1\nraise ImportError('no such goods')",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    for name, text in SHOP.items():
        (folder / name).parent.mkdir(exist_ok=True)
        indent = 8 if text.startswith("\n") else 0
        (folder / name).write_text("\n".join(line[indent:] for line in text.splitlines()) + "\n")
    return folder


def printed(code: str, names: list[str], folder: Path, before: str = "") -> str:
    """What `code` prints in a process where `names` are forbidden, after `before`."""
    program = f"""
import sys
sys.path.insert(0, {str(folder)!r})
from autograder.student import ban
{before}
ban.install({names!r})
def uses(function, *arguments):
    ban.used.clear()
    value = function(*arguments)
    return value, ban.take()
{code}
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


SELL, BOX, COME = ["shop.goods.sell"], ["shop.goods.Box"], ["shop.late.come"]
WAYS = [
    (SELL, "import shop.goods", "shop.goods.sell", "('weighed', ['shop.goods.sell'])"),
    (SELL, "from shop.goods import sell", "sell", "('weighed', ['shop.goods.sell'])"),
    (SELL, "from shop import goods as g", "g.sell", "('weighed', ['shop.goods.sell'])"),
    (SELL, "import importlib; m = importlib.import_module('shop.goods')", "m.sell", "('weighed', ['shop.goods.sell'])"),
    (SELL, "m = __import__('shop.goods', fromlist=['sell'])", "m.sell", "('weighed', ['shop.goods.sell'])"),
    (["shop.sell"], "from shop import sell", "sell", "('weighed', ['shop.sell'])"),
    (["shop.sell"], "import shop.tools, shop", "shop.sell", "('weighed', ['shop.sell'])"),
    (COME, "import shop", "shop.late.come", "('came', ['shop.late.come'])"),
    (["shop.goods"], "from shop.goods import give", "give", "('given', ['shop.goods'])"),
    (["shop.goods"], "from shop.goods import _hidden", "_hidden", "('hidden', [])"),
    (["shop.tools"], "from shop.tools import loads", "(lambda: loads('1'))", "(1, [])"),
    (SELL, "from shop.goods import give", "give", "('given', [])"),
    (["lazy.blur"], "import lazy", "lazy.blur", "('blurred', ['lazy.blur'])"),
    (["twice.f", "twice.other.g"], "import twice", "twice.f", "('nice', ['twice.f'])"),
    (["shop.nothing", "nowhere.at.all", "shop.goods.sell.x"], "from shop import sell", "sell", "('weighed', [])"),
    (
        ["shop.tools.weigh", *SELL],
        "from shop.goods import sell",
        "sell",
        "('weighed', ['shop.goods.sell', 'shop.tools.weigh'])",
    ),
]


@pytest.mark.parametrize("there", ["", "import shop.goods, shop.late, lazy, twice"], ids=["later", "there"])
@pytest.mark.parametrize(("names", "how", "function", "expected"), WAYS)
def test_a_call_is_noticed_however_it_is_imported(shop, names, how, function, expected, there):
    assert printed(f"{how}\nprint(uses({function}))", names, shop, there) == expected


@pytest.mark.parametrize("there", ["", "import shop.goods"], ids=["later", "there"])
def test_a_class_stays_itself_and_its_construction_is_noticed(shop, there):
    code = "from shop.goods import Box\nprint(uses(Box)[1], uses(Box().open), type(Box()) is Box)"
    assert printed(code, BOX, shop, there) == "['shop.goods.Box'] ('opened', []) True"


def test_forbidding_imports_nothing(shop):
    assert printed("print([name for name in sys.modules if name.startswith('shop')])", SELL, shop) == "[]"


def test_what_cannot_be_imported_says_so_as_it_would(shop):
    code = """
for name in ("shop.broken", "shop.nothing", "nowhere"):
    try:
        __import__(name)
    except ImportError as error:
        print(type(error).__name__, error)
"""
    assert printed(code, ["shop.broken.early", "nowhere.at"], shop).splitlines() == [
        "ImportError no such goods",
        "ModuleNotFoundError No module named 'shop.nothing'",
        "ModuleNotFoundError No module named 'nowhere'",
    ]


def test_modules_are_none_the_less_modules(shop):
    code = """
import importlib, inspect, shop.goods
print(inspect.getsource(shop.goods).strip().splitlines()[0], shop.goods.__spec__.origin == shop.goods.__file__)
print(importlib.reload(shop.goods) is shop.goods, shop.goods.give())
"""
    assert printed(code, SELL, shop).splitlines() == ["from shop import tools True", "True given"]


def test_two_lists_of_names_do_not_hide_one_another(shop):
    code = "ban.install(['shop.tools.weigh'])\nfrom shop import sell\nprint(uses(sell))"
    assert printed(code, SELL, shop) == "('weighed', ['shop.goods.sell', 'shop.tools.weigh'])"


@pytest.mark.parametrize(
    ("name", "how", "call"),
    [
        ("sklearn.utils.extmath.softmax", "from sklearn.utils.extmath import softmax", "softmax, [[0.0, 0.0]]"),
        ("sklearn.utils.extmath.softmax", "import sklearn.utils.extmath as e", "e.softmax, [[0.0, 0.0]]"),
        ("sklearn.metrics.log_loss", "from sklearn import metrics", "metrics.log_loss, [0, 1], [0.5, 0.5]"),
        ("sklearn.metrics.log_loss", "import sklearn", "sklearn.metrics.log_loss, [0, 1], [0.5, 0.5]"),
        ("scipy.special.softmax", "from scipy.special import softmax", "softmax, [0.0, 0.0]"),
        ("scipy.special.softmax", "import scipy", "scipy.special.softmax, [0.0, 0.0]"),
        ("scipy.stats.zscore", "from scipy.stats import zscore", "zscore, [0.0, 1.0]"),
        ("scipy.stats.zscore", "import scipy.stats", "scipy.stats.zscore, [0.0, 1.0]"),
    ],
)
def test_libraries_that_have_a_stand_in_are_noticed_too(shop, name, how, call):
    before = "from autograder.student import standins\nstandins.before_importing(['sklearn.datasets:load_digits'])\n"
    before += "from sklearn.datasets import load_digits; load_digits()"
    code = f"print('scipy' in sys.modules)\n{how}\nprint(uses({call})[1])"
    assert printed(code, [name], shop, before).splitlines() == ["False", f"['{name}']"]


def test_what_a_library_does_when_it_is_imported_is_nobody_s_call(shop):
    before = "from autograder.student import standins\nstandins.before_importing(['sklearn.datasets:load_digits'])\n"
    before += "import sklearn.datasets"
    code = "uses(lambda: None)\nsklearn.datasets.load_iris, sklearn.datasets.load_digits(n_class=3)\nprint(ban.take())"
    assert printed(code, ["numpy.sqrt", "numpy.loadtxt", "numpy.zeros", "math.sqrt"], shop, before) == "[]"
