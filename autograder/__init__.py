"""A deep-learning course that grades itself, and the toolkit that grades it."""

from typing import Any

__version__ = "0.1.0"


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext autograder` in a notebook does: gives it `%%check`."""
    from autograder.student.magic import register

    register(shell)
