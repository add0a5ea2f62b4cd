"""Sends the one request that introspection makes."""

import time
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Protocol
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

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


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


_opener = build_opener(_NoRedirects)


def send_with_urllib(url: str, headers: Mapping[str, str], body: bytes, timeout_seconds: float) -> tuple[int, bytes]:
    """A `Transport` on the standard library's urllib; it honours the environment's proxies."""
    deadline = time.monotonic() + timeout_seconds
    request = Request(url, body, dict(headers), method="POST")  # noqa: S310  # the introspector's own address
    try:
        with _opener.open(request, timeout=timeout_seconds) as answer:
            received = b""
            # urllib's time is for each read; a server that sends byte by byte would have all the time it likes.
            while chunk := answer.read1(_MAX_ANSWER_BYTES):
                received += chunk
                if time.monotonic() > deadline or len(received) > _MAX_ANSWER_BYTES:
                    raise TimeoutError
            return answer.status, received
    except HTTPError as error:
        error.close()
        return error.code, b""
    except HTTPException as error:
        raise OSError(type(error).__name__) from None
