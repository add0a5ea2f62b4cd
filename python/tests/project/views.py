"""Plain views of every kind."""

from django.http import HttpRequest, JsonResponse
from django.views import View

from daypass.django import DaypassRequest, OptionalDaypassRequest, require_daypass


@require_daypass
def plain(request: DaypassRequest) -> JsonResponse:
    return JsonResponse({"you": request.daypass.subject})


@require_daypass
def site(request: DaypassRequest) -> JsonResponse:
    return JsonResponse({"site": request.daypass.issuer})


@require_daypass(scope="write")
def scoped(request: DaypassRequest, name: str = "nobody") -> JsonResponse:
    return JsonResponse({"you": request.daypass.subject, "name": name})


@require_daypass()
async def coroutine(request: DaypassRequest) -> JsonResponse:
    return JsonResponse({"you": request.daypass.subject})


class AsyncView(View):
    async def get(self, request: HttpRequest) -> JsonResponse:
        return JsonResponse({"you": "somebody"})


def optional(request: OptionalDaypassRequest) -> JsonResponse:
    token = request.daypass
    return JsonResponse({"you": None if token is None else token.subject})


async def optional_coroutine(request: OptionalDaypassRequest) -> JsonResponse:
    return optional(request)


def open_to_all(request: HttpRequest) -> JsonResponse:
    return JsonResponse({})


@require_daypass
def broken(request: DaypassRequest) -> JsonResponse:
    token = request.daypass
    raise RuntimeError(f"a bug, met by {token.subject}")
