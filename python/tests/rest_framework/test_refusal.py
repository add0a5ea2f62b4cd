"""A project's own exception handler sees an exception like any other."""

from typing import Any

from django.test import override_settings
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import exception_handler

from daypass.rest_framework import Refused
from tests.project import settings as project
from tests.project.api import Public
from tests.servers import call_wsgi
from tests.tokens import bearer, make_pass

seen: list[Exception] = []


def handle(error: Exception, context: Any) -> Response | None:
    seen.append(error)
    response = exception_handler(error, context)
    if response is not None:
        response.data = {"detail": response.data["detail"], "errors": [response.status_code]}
    return response


def rewrite(error: Exception, context: Any) -> Response:
    return Response({"mistake": str(error)}, status=401)


def with_handler(name: str) -> override_settings:
    return override_settings(REST_FRAMEWORK={**project.REST_FRAMEWORK, "EXCEPTION_HANDLER": f"{__name__}.{name}"})


def test_what_the_handler_adds_goes_along() -> None:
    with with_handler("handle"):
        response = call_wsgi("/api/public", headers=bearer(make_pass(aud="other")))
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["code"], problem["status"], problem["errors"]) == ("token_audience", 401, [401])
    (error,) = seen
    assert isinstance(error, Refused)
    assert isinstance(error, APIException)
    assert error.get_codes() == error.error.code == "token_audience"
    assert error.get_full_details() == {"message": "The access token was refused.", "code": "token_audience"}


def test_what_the_handler_says_instead_is_said() -> None:
    with with_handler("rewrite"):
        response = call_wsgi("/api/public", headers=bearer(make_pass(aud="other")))
    assert (response.status_code, response.json()) == (401, {"mistake": "The access token was refused."})


def test_tests_of_a_project_find_the_code_in_the_data() -> None:
    response = Public.as_view()(APIRequestFactory().get("/"))
    assert isinstance(response, Response)
    assert response.data["detail"].code == "token_missing"
