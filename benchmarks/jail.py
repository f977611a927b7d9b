"""What the jail adds to a submission: `fork` and `confine` beside a bare `os.fork`, of one warm zygote.

Run as ``python benchmarks/jail.py [--light] [--rounds N]``; as root and as an ordinary user the layers differ. Every
round starts one of each kind, turn by turn, and waits for its end. Milliseconds are medians; "work" is the processor
time of both sides, which other programs on a busy machine do not stretch.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from autograder.student import jail, warm

TARGET_MS = 5.0


def main() -> None:
    """Print the table and end with 1 when the layers cost more than the target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--light", action="store_true", help="a zygote without torch")
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    zygotes = warm._environment()
    if any(os.environ.get(name) != value for name, value in zygotes.items()):
        os.execve(
            sys.executable, [sys.executable, *sys.argv], {**os.environ, **zygotes}
        )  # its memory is laid out by it
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o711)
        pid = os.fork()  # the zygote moves into a root of its own, this process stays to tidy up
        if pid == 0:
            code = 2
            try:
                code = measure(Path(scratch), light=options.light, rounds=options.rounds)
            finally:
                sys.stdout.flush()
                os._exit(code)
        _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


def measure(scratch: Path, *, light: bool, rounds: int) -> int:
    """Be a zygote and time its forks."""
    layers = jail.enclose([], scratch)
    if not light:
        import torch

        torch.set_num_threads(1)
    gc.collect()
    gc.freeze()
    kinds: dict[str, tuple[Callable[[], int], Callable[[], object]]] = {
        "bare fork": (os.fork, lambda: None),
        "jailed": (jail.fork, lambda: jail.confine(jail.Confinement(2**40), keep=2)),
    }
    wall: dict[str, list[float]] = {name: [] for name in kinds}
    work: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, (fork, enter) in kinds.items():
            started, worked = time.perf_counter(), time.process_time()
            pid = fork()
            if pid == 0:
                try:
                    enter()
                finally:
                    os._exit(0)
            _, _, used = os.wait4(pid, 0)
            wall[name].append(1000 * (time.perf_counter() - started))
            work[name].append(1000 * (time.process_time() - worked + used.ru_utime + used.ru_stime))
    on = [name for name, state in layers.items() if state.startswith("on")]
    print(f"{len(on)} layers on, {'without' if light else 'with'} torch, {rounds} rounds, ms")
    added = {}
    for title, times in (("wall clock", wall), ("work", work)):
        bare, jailed = (statistics.median(times[name]) for name in kinds)
        added[title] = jailed - bare
        ratio = f"{jailed / bare:5.2f} times  +{jailed - bare:.2f}"
        print(f"  {title:10}  bare fork {bare:6.2f}  jailed {jailed:6.2f}  {ratio}")
    print(f"  the layers may add {TARGET_MS:g}")
    return int(min(added.values()) > TARGET_MS)


if __name__ == "__main__":
    main()
