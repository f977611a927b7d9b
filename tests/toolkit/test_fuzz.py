"""Coverage-guided fuzzing, nightly and where atheris is installed; see fuzz.py."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 120

pytestmark = [
    pytest.mark.skipif(os.environ.get("HYPOTHESIS_PROFILE") != "nightly", reason="nightly"),
    pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed"),
]


@pytest.mark.parametrize("target", ["wire", "notebook"])
def test_no_bytes_are_found_that_anything_falls_over(target, tmp_path):
    program = Path(__file__).with_name("fuzz.py")
    run = subprocess.run(
        [sys.executable, str(program), target, str(SECONDS)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert "Done" in run.stderr
