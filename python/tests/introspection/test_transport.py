"""The transport against real servers on this machine."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from daypass import Introspector, TokenError
from daypass._introspection.transport import send_with_urllib
from tests.tokens import make_token

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]


@pytest.fixture(name="serve")
def _serve() -> Iterator[Serve]:
    """Starts servers that answer POST as told."""
    servers: list[ThreadingHTTPServer] = []

    def serve(answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                answer(self)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **fields: str) -> None:
    handler.send_response(status)
    for name, value in fields.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def test_sends_one_post(serve: Serve) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        reply(handler, 200, f"{handler.command} {handler.path} {handler.headers['X-Test']} ".encode() + body)

    assert send_with_urllib(serve(answer) + "/path", {"X-Test": "1"}, b"a=b", 2) == (200, b"POST /path 1 a=b")


@pytest.mark.parametrize("status", [400, 401, 500, 503])
def test_tells_the_status(serve: Serve, status: int) -> None:
    assert send_with_urllib(serve(lambda handler: reply(handler, status, b"{}")), {}, b"", 2) == (status, b"")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_follows_no_redirect(serve: Serve, status: int) -> None:
    visited: list[str] = []
    elsewhere = serve(lambda handler: visited.append(handler.path))
    site = serve(lambda handler: reply(handler, status, Location=f"{elsewhere}/x"))
    assert send_with_urllib(site, {"Authorization": "Basic x"}, b"", 2) == (status, b"")
    assert visited == []


# These end when the caller hangs up, and not before: without a deadline the tests would not end.
def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with contextlib.suppress(OSError):
        while True:
            handler.wfile.write(b" ")
            time.sleep(0.05)


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    with contextlib.suppress(OSError):
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Drip: ")
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.05)


def drip_status(handler: BaseHTTPRequestHandler) -> None:
    with contextlib.suppress(OSError):
        while True:
            handler.wfile.write(b"H")
            time.sleep(0.05)


def drip_early_answers(handler: BaseHTTPRequestHandler) -> None:
    with contextlib.suppress(OSError):
        while True:
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.05)


def silence(handler: BaseHTTPRequestHandler) -> None:
    with contextlib.suppress(OSError):
        while handler.connection.recv(1024):
            pass


def nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"this is no HTTP\r\n\r\n")


def flood(handler: BaseHTTPRequestHandler) -> None:
    with contextlib.suppress(OSError):
        reply(handler, 200, b" " * 1_000_000)


@pytest.mark.parametrize(
    "answer", [drip, drip_headers, drip_status, drip_early_answers, silence, nonsense, flood, lambda handler: None]
)
def test_whatever_a_server_does_it_ends(serve: Serve, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
    backend = Introspector(serve(answer), "x", timeout_seconds=0.3, issuer="https://site.example", clock=lambda: 1.8e9)
    with pytest.raises(TokenError, match="introspection_unavailable"):
        backend.verify(make_token())


def test_a_closed_port_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        send_with_urllib(f"http://127.0.0.1:{port}", {}, b"", 1)


class Clock:
    """Stands still, but for what is taken from it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_one_deadline_holds_for_the_whole_call(serve: Serve) -> None:
    clock = Clock()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        clock.now += 1.9
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
        clock.now += 0.2
        handler.wfile.write(b"Content-Length: 2\r\n\r\n{}")

    with pytest.raises(OSError, match="in time"):
        send_with_urllib(serve(answer), {}, b"", 2, clock=clock)


def test_what_comes_in_time_is_taken(serve: Serve) -> None:
    clock = Clock()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        clock.now += 1.9
        reply(handler, 200, b"{}")

    assert send_with_urllib(serve(answer), {}, b"", 2, clock=clock) == (200, b"{}")


def test_a_call_whose_time_is_up_connects_nowhere() -> None:
    times = iter([0.0, 2.0])
    with pytest.raises(OSError, match="in time"):
        send_with_urllib("http://127.0.0.1:9", {}, b"", 2, clock=lambda: next(times))


def test_leaves_no_thread_behind(serve: Serve) -> None:
    url = serve(lambda handler: reply(handler, 200, b"{}"))
    before = set(threading.enumerate())
    for _ in range(5):
        send_with_urllib(url, {}, b"", 2)
    mine = [thread for thread in set(threading.enumerate()) - before if "process_request" not in thread.name]
    assert mine == []
