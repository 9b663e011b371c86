"""The way to offices and the webhook: sockets whose every read ends with the answer it is for, and the proxy of the environment.

Here alone a key becomes part of an address: what goes to a proxy, to a log or into an error is made before.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from pipelines.errors import LodestoneError

SLOWEST_BYTES_PER_SECOND = 100
KEPT_OPEN_SECONDS = 5.0
KEY = "lodestone.key"
"""Extension of a request that holds the parameter of its key and the key."""

ERRORS = (
    *(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError),
    *(httpcore.ProxyError, httpcore.UnsupportedProtocol),
)
"""What can go wrong on the way."""


class TooSlow(httpcore.ReadTimeout):
    """An answer comes more slowly than it may, or is not whole at its deadline."""


class Wire(httpx.BaseTransport):
    """Sends requests and brings answers. Each answer has a deadline, and a least speed from its first byte on, whatever drips.

    Raises one of `ERRORS`, and `LodestoneError` where the environment names a proxy that cannot be used.
    """

    def __init__(self, *, with_proxy: bool, least_speed_after: float, deadline: float, clock: Callable[[], float]) -> None:
        self._with_proxy = with_proxy
        self._network = _Network(least_speed_after, deadline, clock)
        self._certificates = httpx.create_ssl_context()
        self._pools: dict[httpx.URL | None, httpcore.ConnectionPool] = {}

    def proxy(self, url: httpx.URL) -> httpx.Proxy | None:
        """What leads to an address: HTTPS_PROXY or ALL_PROXY, unless NO_PROXY names its host."""
        if not self._with_proxy or proxy_bypass(url.host):
            return None
        named = getproxies().get("https") or getproxies().get("all")
        if not named:
            return None
        try:
            proxy = httpx.Proxy(named if "://" in named else f"http://{named}")
        except (ValueError, httpx.InvalidURL):
            proxy = None
        if proxy is None or proxy.url.scheme not in ("http", "https"):
            # Not shown: an address of a proxy may hold a password.
            raise LodestoneError("HTTPS_PROXY or ALL_PROXY names no proxy that can be used: write http://HOST:PORT, or unset it")
        return proxy

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The head of the answer; its body is read from the stream."""
        self._network.begin()
        # In one expression, so that no variable of a traceback ever holds an address with a key.
        response = self._pool(self.proxy(request.url)).handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=(request.url.copy_set_param(*request.extensions[KEY]) if KEY in request.extensions else request.url).raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions={"timeout": request.extensions["timeout"]},
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions)

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, proxy: httpx.Proxy | None) -> httpcore.ConnectionPool:
        where = None if proxy is None else proxy.url
        if where not in self._pools and proxy is None:
            self._pools[where] = httpcore.ConnectionPool(
                self._certificates, keepalive_expiry=KEPT_OPEN_SECONDS, network_backend=self._network
            )
        elif where not in self._pools and proxy is not None:
            self._pools[where] = httpcore.HTTPProxy(
                str(proxy.url),
                proxy_auth=proxy.raw_auth,
                ssl_context=self._certificates,
                keepalive_expiry=KEPT_OPEN_SECONDS,
                network_backend=self._network,
            )
        return self._pools[where]


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _Network(httpcore.NetworkBackend):
    """Connections that share the time of the answer they bring: heads, bodies, error pages and the words of a proxy alike."""

    def __init__(self, least_speed_after: float, deadline: float, clock: Callable[[], float]) -> None:
        self._least_speed_after = least_speed_after
        self._deadline = deadline
        self._clock = clock
        self._sockets = httpcore.SyncBackend()
        self.begin()

    def begin(self) -> None:
        """What comes from now on is another answer."""
        self._ends_at = self._clock() + self._deadline
        self.measure()

    def measure(self) -> None:
        """Measure the speed anew, from the next byte on."""
        self._measured_from: float | None = None
        self._came = 0

    def at_most(self, timeout: float | None) -> float:
        """The timeout, cut at the deadline. Raises `TooSlow` where that is over."""
        left = self._ends_at - self._clock()
        if left <= 0:
            raise TooSlow(f"not whole after {self._deadline:g} s")
        return left if timeout is None else min(left, timeout)

    def count(self, size: int) -> None:
        """Note that so many bytes came. Raises `TooSlow` where they were too few for the time."""
        now = self._clock()
        if self._measured_from is None:
            self._measured_from = now
        self._came += size
        seconds = now - self._measured_from
        if seconds > self._least_speed_after:
            if self._came < SLOWEST_BYTES_PER_SECOND * seconds:
                raise TooSlow(f"{self._came:,} bytes in {seconds:.0f} s")
            self.measure()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection, open."""
        return _Stream(self._sockets.connect_tcp(host, port, self.at_most(timeout), local_address, socket_options), self)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, network: _Network) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        came = self._stream.read(max_bytes, self._network.at_most(timeout))
        self._network.count(len(came))
        return came

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.at_most(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._network.at_most(timeout))
        self._network.measure()  # what a proxy said before is no part of the answer
        return _Stream(secured, self._network)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
