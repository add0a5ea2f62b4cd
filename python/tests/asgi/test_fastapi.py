from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from daypass import AccessToken, Verifier
from daypass.asgi.fastapi import RequireDaypass, exception_handlers
from tests.refusals import each_refusal, each_request_id
from tests.servers import assert_refused
from tests.tokens import ISSUER, SECRET, SUBJECT, bearer, beside_password, make_pass

VERIFIER = Verifier(SECRET, issuer=ISSUER)
Visitor = Annotated[AccessToken, Depends(RequireDaypass(VERIFIER))]
Writer = Annotated[AccessToken, Depends(RequireDaypass(VERIFIER, scope="write"))]


def make_app(app: FastAPI) -> FastAPI:
    @app.get("/hello")
    def hello(visitor: Visitor) -> dict[str, str]:
        return {"you": visitor.subject}

    @app.get("/hello-later")
    async def hello_later(visitor: Visitor) -> dict[str, str]:
        return {"you": visitor.subject}

    @app.post("/write")
    def write(visitor: Writer) -> dict[str, str]:
        return {"you": visitor.subject}

    @app.get("/guarded", dependencies=[Depends(RequireDaypass(VERIFIER))])
    def guarded() -> dict[str, str]:
        return {"you": "somebody"}

    return app


@pytest.fixture(name="client")
def _client() -> TestClient:
    return TestClient(make_app(FastAPI(exception_handlers=exception_handlers)))


@pytest.mark.parametrize("path", ["/hello", "/hello-later", "/guarded"])
@each_refusal
def test_refuses(client: httpx2.Client, path: str, headers: dict[str, str], code: str) -> None:
    assert_refused(client.get(path, headers=headers), code)


@each_request_id
def test_a_refusal_is_found_by_the_id_of_its_request(
    client: httpx2.Client, sent: str, logged: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "daypass")
    client.get("/hello", headers={**bearer(make_pass(sub="user_1")), "X-Request-Id": sent})
    suffix = "" if logged is None else f" (request {logged})"
    assert caplog.messages == [f"refused: token_subject{suffix}"]


def test_lets_visitors_in(client: httpx2.Client) -> None:
    for path in ("/hello", "/hello-later"):
        assert client.get(path, headers=bearer(make_pass())).json() == {"you": SUBJECT}
        assert client.get(path, headers=beside_password(make_pass())).json() == {"you": SUBJECT}
    assert client.get("/guarded", headers=bearer(make_pass())).json() == {"you": "somebody"}


def test_asks_for_the_scope(client: httpx2.Client) -> None:
    assert client.post("/write", headers=bearer(make_pass(scope="write"))).json() == {"you": SUBJECT}
    assert_refused(client.post("/write", headers=bearer(make_pass())), "insufficient_scope", 403)


def test_the_openapi_document_names_the_scheme(client: httpx2.Client) -> None:
    document = client.get("/openapi.json").json()
    scheme = document["components"]["securitySchemes"]["daypass"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")
    assert document["paths"]["/write"]["post"]["security"] == [{"daypass": []}]


def test_forgotten_handlers_show_at_the_first_request() -> None:
    forgetful = TestClient(make_app(FastAPI()))
    for headers in ({}, bearer(make_pass())):
        with pytest.raises(RuntimeError, match="exception_handlers=exception_handlers"):
            forgetful.get("/hello", headers=headers)
