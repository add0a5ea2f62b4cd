import asyncio

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from daypass import Verifier
from daypass.asgi import DaypassMiddleware, access_token
from daypass.asgi.scope import ASGIApp, Message, Receive, Scope, Send
from tests.refusals import each_refusal, each_request_id
from tests.servers import assert_refused
from tests.tokens import ISSUER, SECRET, SUBJECT, bearer, beside_password, make_pass

VERIFIER = Verifier(SECRET, issuer=ISSUER)


async def hello(request: Request) -> Response:
    token = access_token(request)
    assert request.state.daypass is token
    return JSONResponse({"you": token.subject}, headers={"Vary": "Accept"})


async def open_to_all(request: Request) -> Response:
    return JSONResponse({})


async def chat(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_json({"you": access_token(socket).subject})
    await socket.close()


def guard(scope: str | None = None) -> Middleware:
    return Middleware(DaypassMiddleware, verifier=VERIFIER, scope=scope)


APP = Starlette(
    routes=[
        Mount("/api", routes=[Route("/hello", hello), WebSocketRoute("/chat", chat)], middleware=[guard()]),
        Route("/write", hello, middleware=[guard("write")]),
        Route("/open", open_to_all),
        Route("/forgotten", hello),
    ],
    middleware=[Middleware(CORSMiddleware, allow_origins=["https://page.example"], allow_headers=["Authorization"])],
)


@pytest.fixture(name="client")
def _client() -> TestClient:
    return TestClient(APP)


@each_refusal
def test_refuses(client: httpx2.Client, headers: dict[str, str], code: str) -> None:
    assert_refused(client.get("/api/hello", headers=headers), code)


@each_request_id
def test_a_refusal_is_found_by_the_id_of_its_request(
    client: httpx2.Client, sent: str, logged: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "daypass")
    client.get("/api/hello", headers={**bearer(make_pass(sub="user_1")), "X-Request-Id": sent})
    suffix = "" if logged is None else f" (request {logged})"
    assert caplog.messages == [f"refused: token_subject{suffix}"]


def test_lets_visitors_in(client: httpx2.Client) -> None:
    response = client.get("/api/hello", headers=bearer(make_pass()))
    assert response.json() == {"you": SUBJECT}
    assert response.headers["vary"] == "Accept, Authorization, X-Daypass, Origin"
    assert client.get("/api/hello", headers=beside_password(make_pass())).json() == {"you": SUBJECT}


def test_asks_for_the_scope(client: httpx2.Client) -> None:
    assert client.get("/write", headers=bearer(make_pass(scope="read write"))).status_code == 200
    assert_refused(client.get("/write", headers=bearer(make_pass(scope="writer"))), "insufficient_scope", 403)


def test_two_fields_are_refused(client: httpx2.Client) -> None:
    fields = [("Authorization", f"Bearer {make_pass()}")] * 2
    assert_refused(client.get("/api/hello", headers=fields), "token_malformed")


def test_leaves_the_rest_alone(client: httpx2.Client) -> None:
    assert client.get("/open").status_code == 200
    assert "authorization" not in client.get("/open").headers.get("vary", "").lower()


def test_a_forgotten_middleware_is_told(client: httpx2.Client) -> None:
    with pytest.raises(LookupError, match="DaypassMiddleware does not stand in front"):
        client.get("/forgotten", headers=bearer(make_pass()))


def test_preflights_and_refusals_work_across_origins(client: httpx2.Client) -> None:
    origin = {"Origin": "https://page.example"}
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "Authorization"}
    assert client.options("/api/hello", headers={**origin, **asked}).status_code == 200
    refused = client.get("/api/hello", headers=origin)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://page.example")


def test_web_sockets(client: TestClient) -> None:
    with client.websocket_connect("/api/chat", headers=bearer(make_pass())) as socket:
        assert socket.receive_json() == {"you": SUBJECT}
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/api/chat"):
        pass
    assert_refused(denied.value, "token_missing")


def without_extensions(app: ASGIApp) -> ASGIApp:
    async def older(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "extensions": {}}, receive, send)

    return older


def test_web_sockets_on_servers_that_cannot_answer_them() -> None:
    client = TestClient(without_extensions(APP))
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/api/chat"):
        pass
    assert closed.value.code == 1008


def test_the_application_starts_behind_it() -> None:
    started: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "lifespan"
        for event in ("startup", "shutdown"):
            message: Message = await receive()
            started.append(message["type"])
            await send({"type": f"lifespan.{event}.complete"})

    with TestClient(DaypassMiddleware(app, VERIFIER)):
        assert started == ["lifespan.startup"]


@pytest.mark.parametrize("kind", ["webtransport", "HTTP", "", "lifespan2"])
def test_connections_of_an_unknown_kind_do_not_reach_the_application(kind: str) -> None:
    reached: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope)

    async def receive() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        raise AssertionError

    with pytest.raises(NotImplementedError, match=f"'{kind}'"):
        asyncio.run(DaypassMiddleware(app, VERIFIER)({"type": kind, "headers": []}, receive, send))
    assert reached == []
