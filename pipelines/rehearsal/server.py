"""The stand-ins over real HTTP/1.1 on 127.0.0.1: `http://127.0.0.1:<port>/<office>/<path>?<query>`. What they say is theirs."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from pipelines.rehearsal.faults import Delivery, Faults
from pipelines.rehearsal.office import SECRETS, Office, Query, plain, without_secrets


@dataclass
class Asked:
    """A request and what came of it: `status` is null where the connection was closed without a word, `sent` counts bytes of the body."""

    office: str
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    had_key: bool
    status: int | None = None
    sent: int = 0


class Offices:
    """A server of stand-in offices, from `with` to the end of its block; every request is kept, without its key.

    After the block the port is closed: a request to `address` is then refused by the machine itself.
    """

    def __init__(self, offices: Mapping[str, Office], port: int = 0, after_request: Callable[[Asked], None] | None = None) -> None:
        self.faults = Faults()
        self._offices = dict(offices)
        self._asked: list[Asked] = []
        self._lock = threading.Lock()
        self._after_request = after_request
        self._server = _Server(self, port)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="offices", daemon=True)

    @property
    def address(self) -> str:
        """The base address, without a slash at its end: the value of LODESTONE_OFFICES."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def asked(self) -> list[Asked]:
        """Every request so far, in the order of arrival."""
        with self._lock:
            return list(self._asked)

    def forget(self) -> None:
        """Empty the list of requests, as between two nights."""
        with self._lock:
            self._asked.clear()

    def replace(self, name: str, office: Office) -> None:
        """From the next request on, `office` answers under `name`: the next vintage."""
        with self._lock:
            self._offices[name] = office

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()

    def office(self, name: str) -> Office | None:
        """The office that answers under `name` now."""
        with self._lock:
            return self._offices.get(name)

    def note(self, asked: Asked) -> None:
        """Keep a request that has arrived."""
        with self._lock:
            self._asked.append(asked)

    def finished(self, asked: Asked) -> None:
        """Tell whoever wants to know that a request has had its answer."""
        if self._after_request is not None:
            self._after_request(asked)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, offices: Offices, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.offices = offices
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that are still kept alive: a closed office must not go on answering on them."""
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def version_string(self) -> str:
        """What the header Server says."""
        return "Offices"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: requests are kept in `asked`."""

    def _serve(self) -> None:
        split = urlsplit(self.path)
        _, name, *rest = unquote(split.path).split("/", 2)
        path = "/" + "".join(rest)
        query: Query = parse_qsl(split.query, keep_blank_values=True)
        headers = {header.lower(): value for header, value in self.headers.items()}
        had_key = any(parameter in SECRETS for parameter, _ in query)
        asked = Asked(name, self.command, path, without_secrets(query), headers, had_key)
        offices = self.server.offices
        offices.note(asked)
        office = offices.office(name)
        reply = plain(404, f"there is no office {name!r} here") if office is None else office.answer(path, query, headers)
        try:
            self._deliver(offices.faults.befall(name, path, query, reply), asked)
        except ConnectionError:  # the asker left: that is what `sent` tells
            self.close_connection = True
        offices.finished(asked)

    def _deliver(self, delivery: Delivery, asked: Asked) -> None:
        if delivery.hangs_up:
            self.close_connection = True
            return
        reply = delivery.reply
        asked.status = reply.status
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status not in (204, 304):  # these have no body and tell no length
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        body = reply.body[: int(len(reply.body) * delivery.sent_share)]
        size = delivery.piece if delivery.pause else max(len(body), 1)
        for start in range(0, len(body), size):
            if delivery.pause and self.server.stopping.wait(delivery.pause):
                break
            piece = body[start : start + size]
            asked.sent += len(piece)
            self.wfile.write(piece)
        if asked.sent < len(reply.body):
            self.close_connection = True
