"""A small web server on 127.0.0.1 that answers as a test tells it to: late, wrongly, or with half a body; and ports nobody else gets."""

from __future__ import annotations

import re
import select
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest


@dataclass
class Asked:
    """One request as it arrived, and how many bytes of a body went back."""

    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    connection: tuple[str, int]
    sent: int = 0


@dataclass(frozen=True)
class Reply:
    """What goes back. `cut_after` closes the connection after so many bytes of the body, `reset` slams it shut,
    nothing at all goes back where it is `silent`, and `raw` goes back in place of an answer, until the reader goes."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    announced: bool = True
    reset: bool = False
    silent: bool = False
    raw: Iterable[bytes] = ()
    before_closing: Callable[[], object] = lambda: None


@dataclass
class Site:
    """A running server: what it was asked, and how it answers."""

    address: str
    answer: Callable[[Asked], Reply] = lambda _: Reply()
    asked: list[Asked] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    def answers(self, *replies: Reply) -> None:
        """Give these replies in turn, the last one for ever."""
        left = list(replies)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def site(certificate: Path | None = None) -> Iterator[Site]:
    """A server; over TLS where it has a certificate, a file that holds its key too."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(parts.path, parse_qsl(parts.query), headers, self.client_address)
            running.asked.append(asked)
            self.reply(asked, running.answer(asked))

        def reply(self, asked: Asked, reply: Reply) -> None:
            if reply.silent:
                self.close_connection = True
                return
            if reply.raw:
                self.close_connection = True
                with suppress(OSError):
                    for piece in reply.raw:
                        self.wfile.write(piece)
                return
            self.send_response_only(reply.status)
            announced = {"Content-Length": str(len(reply.body))} if reply.announced and reply.status not in (204, 304) else {}
            for name, value in (announced | reply.headers).items():
                self.send_header(name, value)
            self.end_headers()
            body = reply.body[: reply.cut_after]
            asked.sent = len(body)
            try:
                self.wfile.write(body)
                self.wfile.flush()
                reply.before_closing()
            except OSError:  # the reader has gone
                self.close_connection = True
            if reply.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if reply.cut_after is not None or not reply.announced or reply.reset:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            if not isinstance(sys.exception(), ConnectionError):  # a reader who hangs up is no error of ours
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    running = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield running
    finally:
        running.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def certificate(folder: Path, host: str) -> Path:
    """A certificate of a host, signed by itself, with its key."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl, which makes certificates, is not installed")
    made, key = folder / "certificate.pem", folder / "key.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    named = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    subprocess.run([program, "req", *kind, *named, "-keyout", key, "-out", made], check=True, capture_output=True)
    made.write_bytes(made.read_bytes() + key.read_bytes())
    return made


@dataclass
class Proxy:
    """A running proxy, and what it was told: for each tunnel the line and the headers that asked for it."""

    address: str
    heard: list[str] = field(default_factory=list)


@contextmanager
def proxy(site: Site, refusal: int | None = None) -> Iterator[Proxy]:
    """A proxy whose tunnels all lead to one site, whatever they were asked for; or that refuses them."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            running.heard.append(f"{self.requestline}\n{self.headers}")
            self.close_connection = True
            self.send_response_only(refusal or 200)
            self.end_headers()
            if refusal is None:
                with socket.create_connection(("127.0.0.1", site.port)) as office:
                    carry(self.connection, office)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    def carry(*ends: socket.socket) -> None:
        other = dict(zip(ends, reversed(ends), strict=True))
        with suppress(OSError):
            while True:
                for end in select.select(ends, [], [])[0]:
                    came = end.recv(65_536)
                    if not came:
                        return
                    other[end].sendall(came)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def file(body: bytes, validator: dict[str, str], asked: Asked, **how: object) -> Reply:
    """A file as a web server keeps it, with ranges."""
    found = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
    if found is None or asked.headers.get("if-range") not in validator.values():
        return Reply(200, body, validator, **how)
    start = int(found[1])
    if start >= len(body):
        return Reply(416, b"", {"Content-Range": f"bytes */{len(body)}"})
    return Reply(206, body[start:], validator | {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}, **how)


@contextmanager
def kept_port() -> Iterator[int]:
    """A port of 127.0.0.1 to tell a server of: as long as the block lasts, nobody who asks for any free port is given this one."""
    with _bound() as kept:
        yield _port(kept)


def refused_address() -> str:
    """An address on this machine at which nobody listens, nor will as long as this process lives."""
    return f"http://127.0.0.1:{_port(_refusing())}"


@cache
def _refusing() -> socket.socket:
    return _bound()


def _bound() -> socket.socket:
    """A socket that has a port and does not listen. Linux lets another listen there if both reuse addresses, as every server does."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    return listener


def _port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])
