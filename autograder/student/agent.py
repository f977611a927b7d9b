"""Answers the examiner's requests inside the student process: run a cell, call a function, fetch a value, fork.

Student code shares this process and may break, replace or imitate anything here. Nothing depends on its honesty: the
examiner takes every answer for a claim, and an agent that stops answering costs its own submission.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.student import apart, ban, wire
from autograder.student.canary import canary
from autograder.student.host import Host
from autograder.student.shell import CELL_NAME, StudentShell, TimeLimit, time_limit

_NOTHING = object()
_CELL_PREFIX = CELL_NAME.split("{}")[0]


class Agent:
    """Serves requests on the notebook's namespace.

    `call_back(function, args, kwargs)` asks the examiner to call one of its functions; the other three are known to
    the process that runs it (`shell` is None at an instructor's desk without one).
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        *,
        shell: StudentShell | None = None,
        call_back: Callable[[int, list[Any], dict[str, Any]], Any] | None = None,
        value_bytes: int = 64 * 2**20,
    ) -> None:
        self.namespace = namespace
        self.shell = shell
        self.call_back = call_back
        self.value_bytes = value_bytes
        self._objects: dict[int, Any] = {}
        self._numbers = itertools.count(1)
        self._replaced: dict[str, Any] = {}
        self._host = Host(self)

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to one request. Never raises."""
        try:
            reply = getattr(self, f"_do_{request['op']}")(request)
        except _Missing as missing:
            reply = {"status": "missing", "message": str(missing)}
        except wire.NotData as error:
            reply = {"status": "form", "message": str(error)}
        except wire.TooLarge:
            reply = {"status": "large"}
        except TimeLimit:
            reply = {"status": "timeout"}
        except MemoryError:
            reply = {"status": "memory"}
        except BaseException as error:
            reply = {"status": "raised", **_describe(error)}
        return {"id": request.get("id"), **reply}

    def _do_run(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.shell is not None
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            outputs, ok = self.shell.run_notebook_cell(request["cell"], request["source"], request["seconds"])
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return {"status": "ok", "outputs": outputs, "ok": ok, "count": self.shell.execution_count - 1}

    def _do_call(self, request: dict[str, Any]) -> dict[str, Any]:
        function = self._resolve(request["target"])
        args, kwargs = self._decode(request["args"]), self._decode(request["kwargs"])
        if self.shell is not None:
            self.shell.outputs.begin()
        with time_limit(request["seconds"]), warnings.catch_warnings():
            # At a desk pytest turns warnings into errors; a student's overflow warning is none.
            warnings.simplefilter("ignore")
            ban.used.clear()
            result = function(*args, **kwargs)
            forbidden = ban.take()
            reply = {
                "status": "ok",
                "used": forbidden,
                "value": self._hold(result) if request.get("hold") else self._result(result),
            }
            if request.get("echo"):
                after = [self._argument(value) for value in args]
                named = [[name, self._argument(value)] for name, value in kwargs.items()]
                reply["echo"] = ["l", [["l", after], ["d", named]]]
        return reply

    def _do_fetch(self, request: dict[str, Any]) -> dict[str, Any]:
        with time_limit(request["seconds"]):
            value = self._resolve(request["target"])
            # A named tuple is one, as it is where a function returns it.
            value = tuple(value) if isinstance(value, tuple) else value
            return {"status": "ok", "value": self._encode(value)}

    def _do_canary(self, request: dict[str, Any]) -> dict[str, Any]:
        """Try, before there is any student code, what the jail must not let it do."""
        return {"status": "ok", "found": canary(request["secrets"], request["addresses"], request["pids"])}

    def _do_size(self, request: dict[str, Any]) -> dict[str, Any]:
        with time_limit(request["seconds"]):
            return {"status": "ok", "value": len(self._resolve(request["target"]))}

    def _do_define(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["name"]
        self._replaced.setdefault(name, self.namespace.get(name, _NOTHING))
        self.namespace[name] = self._decode(request["value"])
        return {"status": "ok"}

    def _do_restore(self, request: dict[str, Any]) -> dict[str, Any]:
        """Give every variable that was defined from outside its own value again."""
        for name, value in self._replaced.items():
            if value is _NOTHING:
                self.namespace.pop(name, None)
            else:
                self.namespace[name] = value
        self._replaced.clear()
        return {"status": "ok"}

    def _do_host(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do something for a test cell that runs apart."""
        return self._host.answer(request)

    def _do_prepare_apart(self, request: dict[str, Any]) -> dict[str, Any]:
        """Be the process, without any student's code, in which test cells run."""
        return {"status": "ok", "ran": apart.prepare(self, request["sources"], request["seconds"])}

    def _do_apart(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run a test cell whose names reach over to a student's process."""
        return apart.run(self, request)

    def _resolve(self, target: list[Any]) -> Any:
        """The object that a target names: a variable or a held object, and a path of attributes and items."""
        _, root, _, path = target
        if isinstance(root, str):
            if root not in self.namespace:
                raise _Missing(wire.missing(target)[0])
            value = self.namespace[root]
        else:
            value = self._objects[root]
        for place, (kind, key) in enumerate(path):
            if kind == "item":
                value = value[self._decode(key)]
                continue
            try:
                value = getattr(value, key)
            except AttributeError:
                raise _Missing(wire.missing(target)[1 + place]) from None
        return value

    def _decode(self, structure: Any) -> Any:
        def other(node: list[Any]) -> Any:
            if node[0] == "h":
                return self._resolve(node)
            number = node[1]

            def function(*args: Any, **kwargs: Any) -> Any:
                assert self.call_back is not None
                try:
                    given = self._encode(list(args)), self._encode(kwargs)
                except wire.NotData as error:
                    raise TypeError(f"this function takes data, which {error} is not") from None
                except wire.TooLarge as error:
                    raise ValueError(str(error)) from None
                answer = self.call_back(number, *given)
                return self._decode(answer)

            return function

        return wire.decode(structure, other=other)

    def _encode(self, value: Any) -> Any:
        return wire.encode(value, max_bytes=self.value_bytes)

    def _hold(self, value: Any) -> list[Any]:
        number = next(self._numbers)
        self._objects[number] = value
        return ["h", number, wire.type_name(value)[:200], []]

    def _argument(self, value: Any) -> Any:
        """An argument after the call: by value where it is data, else held (a cache of the student's own)."""
        try:
            return self._encode(value)
        except wire.NotData:
            return self._hold(value)

    def _result(self, value: Any) -> Any:
        """A result: numbers, strings, arrays and tensors by value, also as items of a tuple; the rest is held."""
        if isinstance(value, tuple) and len(value) <= 1000:
            return ["t", [self._item(item) for item in value]]
        return self._item(value)

    def _item(self, value: Any) -> Any:
        if isinstance(value, (list, tuple, dict, slice)) or (
            hasattr(value, "__dict__") and not isinstance(value, np.generic) and not _is_tensor(value)
        ):
            return self._hold(value)
        try:
            return self._encode(value)
        except wire.NotData:
            return self._hold(value)


class _Missing(Exception):
    """No variable or attribute of that name."""


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and type(value) in (torch.Tensor, torch.nn.Parameter)


def _describe(error: BaseException) -> dict[str, Any]:
    """An exception in words that are safe to build: its type, its text, and the last cell and line it passed."""
    cell, line = None, None
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(_CELL_PREFIX):
            cell, line = int(name[len(_CELL_PREFIX) : -1]), trace.tb_lineno
        trace = trace.tb_next
    try:
        text = str(error)[:2000]
    except BaseException:
        text = ""
    return {"kind": type(error).__name__[:200], "message": text, "cell": cell, "line": line}


def serve(sock: socket.socket, shell: StudentShell, value_bytes: int) -> None:
    """Answer requests until the examiner closes the socket. Forks serve on a socket of their own."""
    channel = wire.Channel(sock)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # but while a cell runs
    current: list[Any] = [None]

    def call_back(number: int, args: list[Any], kwargs: dict[str, Any]) -> Any:
        channel.send({"id": current[0], "status": "callback", "function": number, "args": args, "kwargs": kwargs})
        answer = channel.receive()
        if answer.get("error"):
            raise RuntimeError(answer["error"])
        return answer["value"]

    agent = Agent(shell.user_ns, shell=shell, call_back=call_back, value_bytes=value_bytes)
    own_pid = os.getpid()
    while True:
        try:
            request, fds = channel.receive_with_fds()
        except wire.ProtocolError:
            return
        current[0] = request.get("id")
        if request["op"] == "fork":
            numbers = random.getstate()
            try:
                pid = os.fork()
            except BlockingIOError:  # more processes than there may be, of its own or of others
                pid = -1
            if pid == 0:
                random.setstate(numbers)  # Python seeds it anew in a fork: a replay would not be one
                channel.sock.close()
                channel.sock = socket.socket(fileno=fds[0])
                own_pid = os.getpid()
                continue
            for fd in fds:
                os.close(fd)
            reply: dict[str, Any] = {"id": request["id"], "status": "ok", "pid": pid}
        elif request["op"] == "kill":
            reply = {"id": request["id"], "status": "ok"}
            try:
                os.kill(request["pid"], signal.SIGKILL)
                os.waitpid(request["pid"], 0)
            except OSError:
                pass
        else:
            reply = agent.handle(request)
            if os.getpid() != own_pid:
                # The student's code forked, and this is the child, which must not answer in its parent's place.
                os._exit(0)
        try:
            channel.send(reply)
        except wire.TooLarge:
            channel.send({"id": request["id"], "status": "large"})
        except wire.ProtocolError:
            return
