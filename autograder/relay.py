"""A Jupyter kernel whose code runs in the jail: this end speaks Jupyter's protocol, the student process runs cells.

The relay is a thread of the program that started the kernel. It runs no code of the notebook's, and what it passes on
is what grading accepts from a student process. A cell's outputs are published when it has ended.

Not there: completion, inspection, history, comms (and so widgets), the debugger, and `input`, which raises.
"""

from __future__ import annotations

import contextlib
import platform
import threading
from collections.abc import Callable, Iterator
from typing import Any

import zmq
from jupyter_client.session import Session

from autograder import __version__
from autograder.records import SandboxError, StudentFault
from autograder.student.process import StudentProcess

_CHANNELS = ("shell", "control", "stdin", "iopub", "hb")
_PROTOCOL = "5.3"
_MILLISECONDS_BETWEEN_LOOKS = 100

Message = dict[str, Any]


class Relay(threading.Thread):
    """Serves one kernel until `stop` is called or its process has ended. `connection` is the connection file's content.

    Raises `zmq.ZMQError` when a port is taken.
    """

    def __init__(self, connection: dict[str, Any], process: StudentProcess) -> None:
        super().__init__(name="autograder-relay", daemon=True)
        self._process = process
        self._stopped = threading.Event()
        self._interrupted = threading.Event()
        key = connection["key"]
        self._session = Session(
            key=key.encode() if isinstance(key, str) else key,
            signature_scheme=connection["signature_scheme"],
            username="kernel",
        )
        self._count = 0
        self._cells = 0
        self._parent: Message = {}
        self._running = False
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        kinds = {"iopub": zmq.PUB, "hb": zmq.REP}
        self._sockets: dict[str, zmq.Socket[bytes]] = {}
        try:
            for name in _CHANNELS:
                sock = self._sockets[name] = self._context.socket(kinds.get(name, zmq.ROUTER))
                sock.linger = 1000
                sock.bind(_address(connection, name))
        except zmq.ZMQError:
            self._context.destroy(linger=0)
            raise
        process.meanwhile(self._look)

    def stop(self) -> None:
        """End the kernel's process, whatever it does, and then the thread."""
        self._stopped.set()

    def interrupt(self) -> None:
        """Raise `KeyboardInterrupt` in the cell that is running, if one is."""
        self._interrupted.set()

    def run(self) -> None:
        """Serve."""
        try:
            self._publish("status", {"execution_state": "starting"})
            poller = zmq.Poller()
            for name in ("control", "shell", "hb"):
                poller.register(self._sockets[name], zmq.POLLIN)
            while not self._stopped.is_set():
                ready = dict(poller.poll(_MILLISECONDS_BETWEEN_LOOKS))
                self._beat()
                self._interrupted.clear()  # nothing is running
                for name in ("control", "shell"):
                    if self._sockets[name] in ready and not self._stopped.is_set():
                        self._serve(name)
        finally:
            with contextlib.suppress(SandboxError):
                self._process.end()
            self._context.destroy(linger=1000)

    def _look(self) -> None:
        """What is done while a cell runs: heartbeats, interrupts, and what comes on the control channel."""
        self._beat()
        if self._running and self._sockets["control"].poll(0):
            self._serve("control")
        if self._stopped.is_set():
            self._process.zygote.kill(self._process.pid)
        elif self._interrupted.is_set():
            self._interrupted.clear()
            self._process.zygote.interrupt(self._process.pid)

    def _beat(self) -> None:
        with contextlib.suppress(zmq.Again):
            self._sockets["hb"].send(self._sockets["hb"].recv(zmq.NOBLOCK))

    def _serve(self, channel: str) -> None:
        """Take one message, and answer it."""
        identities, message = self._receive(channel)
        if message is not None:
            self._answer(channel, identities, message)

    def _receive(self, channel: str) -> tuple[list[bytes] | None, Message | None]:
        """The next message and whom it is from; None for one that is not signed with this kernel's key."""
        try:
            received: tuple[list[bytes] | None, Message | None] = self._session.recv(
                self._sockets[channel], zmq.NOBLOCK
            )
        except ValueError:
            return None, None
        return received

    @contextlib.contextmanager
    def _busy_with(self, message: Message) -> Iterator[None]:
        """Within it, what is published is about this message."""
        before, self._parent = self._parent, message
        self._publish("status", {"execution_state": "busy"})
        yield
        self._publish("status", {"execution_state": "idle"})
        self._parent = before

    def _answer(self, channel: str, identities: list[bytes] | None, message: Message) -> None:
        kind = message["header"]["msg_type"]
        answer: Callable[[Message], Message] | None = getattr(self, f"_on_{kind}", None)
        if answer is None:
            return
        with self._busy_with(message):
            content = answer(message["content"])
            reply = kind.removesuffix("_request") + "_reply"
            self._session.send(self._sockets[channel], reply, content, parent=message, ident=identities)
        if kind == "execute_request" and content["status"] == "error" and message["content"].get("stop_on_error", True):
            self._abort_the_rest()
        if kind == "shutdown_request":
            self._stopped.set()

    def _abort_the_rest(self) -> None:
        """Answer cells that were sent already, when one has failed: not what comes once the first has its answer."""
        waiting = []
        while self._sockets["shell"].poll(0):
            waiting.append(self._receive("shell"))
        for identities, message in waiting:
            if message is None:
                continue
            if message["header"]["msg_type"] != "execute_request":
                self._answer("shell", identities, message)
                continue
            with self._busy_with(message):
                content = {"status": "aborted", "execution_count": self._count}
                self._session.send(self._sockets["shell"], "execute_reply", content, parent=message, ident=identities)

    def _publish(self, kind: str, content: Message) -> None:
        self._session.send(self._sockets["iopub"], kind, content, parent=self._parent, ident=kind.encode())

    # The requests

    def _on_kernel_info_request(self, _: Message) -> Message:
        version = platform.python_version()
        return {
            "status": "ok",
            "protocol_version": _PROTOCOL,
            "implementation": "autograder",
            "implementation_version": __version__,
            "banner": f"Python {version} in the autograder's jail",
            "help_links": [],
            "language_info": {
                "name": "python",
                "version": version,
                "mimetype": "text/x-python",
                "file_extension": ".py",
                "pygments_lexer": "ipython3",
                "nbconvert_exporter": "python",
                "codemirror_mode": {"name": "ipython", "version": 3},
            },
        }

    def _on_execute_request(self, content: Message) -> Message:
        code, silent = content["code"], content.get("silent", False)
        if not code.strip():
            return {"status": "ok", "execution_count": self._count, "payload": [], "user_expressions": {}}
        self._publish("execute_input", {"code": code, "execution_count": self._count + 1})
        self._running = True
        try:
            done = self._process.run_cell(self._cells, code)
        except (StudentFault, SandboxError) as fault:
            # The process is gone, and the kernel with it.
            self._stopped.set()
            return self._failed(type(fault).__name__, str(fault), [f"{type(fault).__name__}: {fault}"])
        finally:
            self._running = False
        self._cells += 1
        self._count = done.count if done.count is not None else self._count + 1
        reply = {"status": "ok", "execution_count": self._count, "payload": [], "user_expressions": {}}
        for output in done.outputs:
            kind = output["output_type"]
            body = {name: value for name, value in output.items() if name != "output_type"}
            if kind == "error":
                reply = {**body, "status": "error", "execution_count": self._count}
            if not silent:
                self._publish(kind, {**body, "transient": {}} if kind.endswith(("data", "result")) else body)
        if done.ok or reply["status"] == "error":
            return {**reply, "status": "ok", "payload": [], "user_expressions": {}} if done.ok else reply
        return self._failed("Stopped", "the cell did not run to its end", ["the cell did not run to its end"])

    def _failed(self, name: str, text: str, lines: list[str]) -> Message:
        body = {"ename": name, "evalue": text, "traceback": lines}
        self._publish("error", body)
        return {**body, "status": "error", "execution_count": self._count}

    def _on_interrupt_request(self, _: Message) -> Message:
        self._interrupted.set()
        return {"status": "ok"}

    def _on_shutdown_request(self, content: Message) -> Message:
        return {"status": "ok", "restart": content.get("restart", False)}

    def _on_is_complete_request(self, _: Message) -> Message:
        return {"status": "unknown"}

    def _on_complete_request(self, content: Message) -> Message:
        place = content.get("cursor_pos", 0)
        return {"status": "ok", "matches": [], "cursor_start": place, "cursor_end": place, "metadata": {}}

    def _on_inspect_request(self, _: Message) -> Message:
        return {"status": "ok", "found": False, "data": {}, "metadata": {}}

    def _on_history_request(self, _: Message) -> Message:
        return {"status": "ok", "history": []}

    def _on_comm_info_request(self, _: Message) -> Message:
        return {"status": "ok", "comms": {}}


def _address(connection: dict[str, Any], channel: str) -> str:
    separator = ":" if connection["transport"] == "tcp" else "-"
    return f"{connection['transport']}://{connection['ip']}{separator}{connection[f'{channel}_port']}"
