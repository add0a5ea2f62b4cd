"""Sends the one request that introspection makes."""

import io
import socket
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection
from typing import IO, Any, Protocol
from urllib.error import HTTPError
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

_MAX_ANSWER_BYTES = 65_536


class Transport(Protocol):
    """Sends a form by POST, once."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout_seconds: float) -> tuple[int, bytes]:
        """Send it.

        Returns:
            Status and body of the answer. A redirect is an answer like any other: the credentials go nowhere else.

        Raises:
            OSError: there was no answer in time.
        """


class _Deadline:
    """The end of a call. A socket's own timeout begins anew with each byte that comes."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ends_at = clock() + seconds

    def arm(self, connected: socket.socket) -> None:
        """Let the socket's next operation take what is left of the call.

        Raises:
            TimeoutError: nothing is left.
        """
        left = self._ends_at - self._clock()
        if left <= 0:
            raise TimeoutError("There was no answer in time.")
        connected.settimeout(left)

    def connect(self, address: tuple[str, int], *_: object) -> socket.socket:
        """As `socket.create_connection`, with one time for all addresses of a name."""
        error: OSError = TimeoutError("There was no answer in time.")
        for family, kind, protocol, _name, target in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
            opened = socket.socket(family, kind, protocol)
            try:
                self.arm(opened)
                opened.connect(target)
                # For a TLS handshake.
                self.arm(opened)
            except OSError as failed:
                opened.close()
                error = failed
            else:
                return opened
        raise error


class _TimedReader(io.RawIOBase):
    """Reads a connection until the deadline."""

    def __init__(self, raw: io.RawIOBase, connected: socket.socket, deadline: _Deadline) -> None:
        self._raw = raw
        self._connected = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._deadline.arm(self._connected)
        count: int | None = self._raw.readinto(buffer)
        self._deadline.arm(self._connected)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Request(Request):
    """A request with the deadline of its call."""

    def __init__(self, url: str, headers: Mapping[str, str], body: bytes, deadline: _Deadline) -> None:
        super().__init__(url, body, dict(headers), method="POST")
        self.deadline = deadline


def _timed(connection: HTTPConnection, deadline: _Deadline) -> HTTPConnection:
    """Give a connection that is not yet open the deadline of its call."""

    def answer(connected: socket.socket, *arguments: Any, **options: Any) -> HTTPResponse:
        response = HTTPResponse(connected, *arguments, **options)
        raw = response.fp.detach()
        response.fp = io.BufferedReader(_TimedReader(raw, connected, deadline))
        return response

    # http.client asks both of the connection, for tests and subclasses to replace.
    connection.response_class = answer  # type: ignore[assignment]
    connection._create_connection = deadline.connect  # type: ignore[attr-defined]  # noqa: SLF001
    return connection


class _TimedHttp(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        deadline = _deadline_of(req)
        return self.do_open(lambda host, **options: _timed(HTTPConnection(host, **options), deadline), req)


class _TimedHttps(HTTPSHandler):
    def https_open(self, req: Request) -> HTTPResponse:
        deadline = _deadline_of(req)
        return self.do_open(lambda host, **options: _timed(HTTPSConnection(host, **options), deadline), req)


def _deadline_of(request: Request) -> _Deadline:
    if not isinstance(request, _Request):
        raise TypeError("This opener only sends introspections.")
    return request.deadline


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


_opener = build_opener(_NoRedirects, _TimedHttp, _TimedHttps)


def send_with_urllib(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    timeout_seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[int, bytes]:
    """A `Transport` on the standard library's urllib; it honours the environment's proxies.

    Args:
        timeout_seconds: for the whole call, from connecting to the last byte; resolving a name has the system's own.
        clock: the present, in seconds that never go back.
    """
    request = _Request(url, headers, body, _Deadline(timeout_seconds, clock))
    try:
        with _opener.open(request, timeout=timeout_seconds) as answer:
            received: bytes = answer.read(_MAX_ANSWER_BYTES + 1)
            if len(received) > _MAX_ANSWER_BYTES:
                raise OSError("The answer is too long.")
            return answer.status, received
    except HTTPError as error:
        error.close()
        return error.code, b""
    except HTTPException as error:
        raise OSError(type(error).__name__) from None
