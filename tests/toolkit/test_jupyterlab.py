"""The released notebooks are valid to the letter, and JupyterLab opens them without a word.

Needs Debian's Chromium (`apt-get install chromium`); without one the pages are not opened.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
RELEASED = sorted((ROOT / "release").glob("*/*.ipynb"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPEN = ".jp-NotebookPanel:not(.lm-mod-hidden)"


@pytest.mark.parametrize("path", RELEASED, ids=[path.stem for path in RELEASED])
def test_a_released_notebook_is_valid_without_any_repair(path):
    # Warnings are errors here, and nbformat warns of what it would put right.
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec == {
        "name": "python3",
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    assert notebook.metadata.language_info.name == "python"
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id_) for id_ in ids)


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[str]:
    """JupyterLab on a folder with what is released, and with a notebook of nothing much; its address."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    folder = tmp_path_factory.mktemp("lab")
    for path in RELEASED:
        shutil.copytree(path.parent, folder / "root" / path.parent.name)
    plain = new_notebook(cells=[new_markdown_cell("# Plain"), new_code_cell("1")])
    plain.metadata = nbformat.read(RELEASED[0], as_version=4).metadata
    nbformat.write(plain, folder / "root" / "plain.ipynb")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    names = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTEST"))}
    environment = {**inherited, **{name: str(folder / name) for name in names}}
    for name in names:
        (folder / name).mkdir()
    settings = {"port": port, "port_retries": 0, "root_dir": folder / "root", "allow_root": True, "open_browser": False}
    options = [f"--ServerApp.{name}={value}" for name, value in settings.items()] + ["--IdentityProvider.token="]
    with (folder / "log").open("w") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        running = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/api", running)
            yield address
        finally:
            running.terminate()
            running.wait(30)
    # What the server has to say of notebooks it says here.
    said = [line for line in (folder / "log").read_text().splitlines() if "nbformat" in line or "nvalid" in line]
    assert said == []


def _wait_for(address: str, running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            urllib.request.urlopen(address).close()
            return
        except (urllib.error.URLError, ConnectionError):
            assert running.poll() is None, "JupyterLab has ended"
            assert time.monotonic() < deadline, "JupyterLab does not answer"
            time.sleep(0.2)


def opened(browser: Browser, address: str, path: str) -> tuple[str, set[str]]:
    """The first heading of a notebook that is opened, and all that JupyterLab complains of until it has a kernel."""
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("warning", "error") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/lab/tree/{path}?reset")
    heading = page.wait_for_selector(f"{OPEN} .jp-RenderedMarkdown h1", timeout=90_000)
    assert heading is not None
    page.wait_for_selector(f'{OPEN} .jp-Notebook-ExecutionIndicator[data-status="idle"]', timeout=90_000)
    complaints += [each.inner_text() for each in page.locator(".jp-Dialog").all()]
    toasts = ".Toastify__toast--warning, .Toastify__toast--error"
    complaints += [each.inner_text() for each in page.locator(toasts).all()]
    title = heading.inner_text().rstrip("¶").strip()
    page.close()
    return title, set(complaints)


def test_jupyterlab_opens_every_released_notebook_without_a_complaint(lab):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        title, always = opened(browser, lab, "plain.ipynb")
        assert title == "Plain"
        for path in RELEASED:
            title, complaints = opened(browser, lab, f"{path.parent.name}/{path.name}")
            first = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
            assert (f"# {title}", complaints - always) == (first, set()), path.name
        browser.close()
