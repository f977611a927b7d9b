"""The jailed kernel: nbclient, papermill and nbgrader run notebooks in it by choosing its kernelspec."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from jupyter_client.manager import KernelManager, start_new_kernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

from autograder import provisioner
from autograder.gradebook import ensure_assignment
from tests.toolkit.classroom import Classroom
from tests.toolkit.tiny import SHARES


@pytest.fixture(scope="module", autouse=True)
def kernelspec(tmp_path_factory) -> Iterator[Path]:
    """The kernelspec, where Jupyter looks for it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name)))
        yield provisioner.install_kernelspec(user=True)
    provisioner.end_idle()


def execute(*cells: str, kernel: str = "autograder", folder: Path | None = None, **options: Any) -> list[Any]:
    """The cells after nbclient has run them."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(folder)}} if folder else {}
    options = {"timeout": 60, "allow_errors": True, **options}
    NotebookClient(notebook, kernel_name=kernel, resources=resources, **options).execute()
    nbformat.validate(notebook)
    return list(notebook.cells)


def in_brief(cells: list[Any]) -> list[Any]:
    """What cells show: without colours, file names and pictures' bytes, which differ between two runs of one kernel."""
    brief = []
    for cell in cells:
        outputs = []
        for output in cell.outputs:
            data = output.get("data", {})
            shown = {mime: value for mime, value in data.items() if mime.startswith("text/")} | {"mimes": sorted(data)}
            error = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in output.get("traceback", [])][-1:]
            text = output.get("text", "").replace("\r\n", "\n")  # there a shell command has a terminal
            outputs.append((output.output_type, output.get("name"), text, shown, output.get("ename"), error))
        brief.append((cell.execution_count, outputs))
    return brief


def test_a_notebook_s_outputs_are_those_of_the_ordinary_kernel():
    cells = [
        "x = 20\nprint('one')\nprint('two')",
        "x + 1",
        "import sys\nprint('err', file=sys.stderr)",
        "from IPython.display import HTML, display\ndisplay(HTML('<b>b</b>'))\nHTML('<i>i</i>')",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "def f():\n    return 1 / 0\nf()",
        "!echo shell",
        "await __import__('asyncio').sleep(0, 'top-level await')",
        "x",
        "raise ValueError('two\\nlines')",
        "",
        "print('before')\nclass E(Exception): pass\nraise E",
    ]
    ours, theirs = in_brief(execute(*cells)), in_brief(execute(*cells, kernel="python3"))
    for source, one, other in zip(cells, ours, theirs, strict=True):
        assert one == other, source


SPY = """
import os, socket
found = []
for path in {paths!r}:
    try:
        found.append(os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read())
    except OSError:
        pass
for family, address in [(socket.AF_INET, ("127.0.0.1", {port})), (socket.AF_UNIX, "\\0nobody")]:
    try:
        socket.socket(family).connect(address)
        found.append(address)
    except OSError:
        pass
print(found, os.environ.get("THE_SECRET"))
"""


def test_a_cell_reads_no_file_of_the_course_s_and_opens_no_socket(tmp_path, monkeypatch):
    room = Classroom(tmp_path)
    room.submit("ada", room.answered())
    room.write(".secret", "s" * 64)
    monkeypatch.setenv("THE_SECRET", "hidden")
    names = ("solutions/tiny.py", "source/tiny", "source/tiny/tiny.ipynb", "tests/checks/tiny", ".secret", "submitted")
    paths = [str(room.root / name) for name in names] + [os.environ["JUPYTER_RUNTIME_DIR"]]
    manager, client = start_new_kernel(kernel_name="autograder", cwd=str(room.root / "submitted/ada/tiny"))
    try:
        paths.append(manager.connection_file)
        assert Path(manager.connection_file).is_file()
        said: list[str] = []
        reply = client.execute_interactive(
            SPY.format(paths=paths, port=manager.shell_port),
            output_hook=lambda message: said.append(message["content"].get("text", "")),
            timeout=60,
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert (reply["content"]["status"], "".join(said)) == ("ok", "[] None\n")


def test_files_beside_the_notebook_are_there_and_what_is_not_a_student_s_is_not(tmp_path):
    room = Classroom(tmp_path)
    folder = room.folder("ada")
    for name in ("data.csv", "deep/helper.py", "results.json", ".hidden", "gradebook.db", "other.ipynb", "big.bin"):
        room.write(f"submitted/ada/tiny/{name}", "here" if name != "big.bin" else b"0" * 2**21)
    (folder / "link").symlink_to(room.root / "solutions/tiny.py")
    (folder / "folder").symlink_to(room.root / "solutions")
    assert provisioner.files_in(folder, 2**20) == [("data.csv", b"here"), ("deep/helper.py", b"here")]
    assert provisioner.files_in(room.root, 2**20) == []
    (cell,) = execute("open('data.csv').read()", folder=folder)
    assert cell.outputs[0].data["text/plain"] == "'here'"


def test_a_cell_that_hangs_is_interrupted_and_the_next_one_runs():
    hung, after = execute(
        "kept = 1\nprint('so far')\nwhile True:\n    pass", "kept", timeout=3, interrupt_on_timeout=True
    )
    assert [output.output_type for output in hung.outputs] == ["stream", "error"]
    assert (hung.outputs[0].text, hung.outputs[1].ename) == ("so far\n", "KeyboardInterrupt")
    assert after.outputs[0].data["text/plain"] == "1"


def test_a_process_that_dies_is_a_kernel_that_died():
    with pytest.raises(DeadKernelError):
        execute("import os\nos._exit(1)", "1")


def test_input_is_refused_and_an_error_ends_a_notebook_that_does_not_allow_it():
    with pytest.raises(CellExecutionError, match="nobody is there to answer"):
        execute("input('Name? ')", "1", allow_errors=False)


def test_the_next_kernel_is_forked_from_the_process_that_is_warm():
    execute("1")
    start = time.process_time(), time.monotonic()
    (cell,) = execute("import sys\n'torch' in sys.modules, 'left' in globals()", "left = 1")[:1]
    (again,) = execute("'left' in globals()")
    assert (cell.outputs[0].data["text/plain"], again.outputs[0].data["text/plain"]) == ("(True, False)", "False")
    # Importing torch takes longer than this, whatever the machine.
    assert time.process_time() - start[0] < 1.0


@pytest.fixture
def kernel() -> Iterator[tuple[KernelManager, Any]]:
    manager, client = start_new_kernel(kernel_name="autograder")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def answer(client: Any, sent: str) -> dict[str, Any]:
    """The content of the reply to a message."""
    reply = client.get_shell_msg(timeout=30)
    assert reply["parent_header"]["msg_id"] == sent
    content: dict[str, Any] = reply["content"]
    return content


def test_what_a_kernel_is_asked_for_is_answered(kernel):
    manager, client = kernel
    info = client.kernel_info(reply=True, timeout=30)["content"]
    assert (info["status"], info["language_info"]["name"], info["implementation"]) == ("ok", "python", "autograder")
    assert answer(client, client.is_complete("for x in y:"))["status"] == "unknown"
    assert answer(client, client.complete("pri"))["matches"] == []
    assert answer(client, client.inspect("print"))["found"] is False
    assert answer(client, client.history())["history"] == []
    assert answer(client, client.comm_info())["comms"] == {}
    assert client.is_alive()
    assert manager.is_alive()


def test_cells_sent_behind_one_that_fails_are_not_run(kernel):
    _, client = kernel
    sent = [client.execute(code) for code in ("import time; time.sleep(1); 1 / 0", "2", "3")]
    sent.append(client.comm_info())
    replies = [client.get_shell_msg(timeout=30) for _ in sent]
    assert [reply["parent_header"]["msg_id"] for reply in replies] == sent
    assert [reply["content"]["status"] for reply in replies] == ["error", "aborted", "aborted", "ok"]
    assert client.execute_interactive("4", timeout=30)["content"]["status"] == "ok"


def test_a_restarted_kernel_knows_nothing_and_one_that_is_shut_down_is_gone(kernel):
    manager, client = kernel
    client.execute_interactive("kept = 1", timeout=30)
    manager.restart_kernel()
    client.wait_for_ready(timeout=60)
    reply = client.execute_interactive("kept", timeout=30, output_hook=lambda message: None)
    assert reply["content"]["ename"] == "NameError"
    client.shutdown()
    deadline = time.monotonic() + 30
    while manager.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not manager.is_alive()


def test_a_message_that_is_not_signed_with_the_kernel_s_key_is_not_obeyed(kernel):
    manager, client = kernel
    client.session.key = b"another"
    client.execute("import os; os._exit(1)")
    client.session.key = manager.session.key
    assert client.execute_interactive("1", timeout=30)["content"]["status"] == "ok"


def test_papermill_runs_a_notebook_with_parameters(tmp_path):
    given = new_code_cell("n = 1", metadata={"tags": ["parameters"]})
    notebook = new_notebook(
        cells=[given, new_code_cell("import numpy as np\nprint(np.arange(n).sum())")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, tmp_path / "in.ipynb")
    paths = (str(tmp_path / "in.ipynb"), str(tmp_path / "out.ipynb"))
    papermill.execute_notebook(*paths, {"n": 5}, kernel_name="autograder", progress_bar=False)
    done = nbformat.read(paths[1], as_version=4)
    assert [output.text for output in done.cells[-1].outputs] == ["10\n"]


def test_nbgrader_s_own_autograde_grades_in_the_jail(tmp_path):
    room = Classroom(tmp_path, "c.ExecutePreprocessor.kernel_name = 'autograder'")
    spy = f"try:\n    print(open({str(tmp_path / 'solutions/tiny.py')!r}).read())\nexcept OSError:\n    print('shut')"
    room.submit("ada", room.answered(SHARES, "def spread(x):\n    return 1 / 0\n", "", spy), files={"d.csv": b"1,2"})
    ensure_assignment(room.course, room.assignment())
    assert room.autograder("kernelspec", "--user").status == 0
    done = room.run("nbgrader", "autograde", "tiny", "--create")
    assert done.status == 0, done.err
    graded = json.loads((tmp_path / "autograded/ada/tiny/tiny.ipynb").read_text())
    by_id = {cell["id"]: cell for cell in graded["cells"]}
    assert [output["output_type"] for output in by_id["shares"]["outputs"]] == []
    assert [output["ename"] for output in by_id["spread"]["outputs"]] == ["ZeroDivisionError"]
    assert ["".join(output["text"]) for output in graded["cells"][-1]["outputs"]] == ["shut\n"]
    exported = room.run("nbgrader", "export")
    assert exported.status == 0, exported.err
    rows = [line.split(",") for line in (tmp_path / "grades.csv").read_text().splitlines()]
    (ada,) = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert float(ada["raw_score"]) == 6.0
