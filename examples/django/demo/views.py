"""What the demo page of Daypass calls, as plain Django views."""

import hashlib

from daypass.django import require_daypass
from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST, require_safe


@require_safe
@require_daypass(scope="hello")
def hello(request):
    token = request.daypass
    message = "Hello, visitor. This is Django."
    return JsonResponse({"message": message, "you": token.subject, "expiresAt": token.expires_at})


@require_safe
@require_daypass
def headers(request):
    """What arrived here: shows that forged fields stay behind."""
    return JsonResponse({name.lower(): value for name, value in request.headers.items() if name != "Authorization"})


@require_POST
@require_daypass
def echo(request):
    return HttpResponse(request.body, content_type=request.headers.get("Content-Type") or "application/octet-stream")


@require_POST
@require_daypass
def photo(request):
    """What arrived of a form with a file: a gate that lost its length would leave an empty form here."""
    upload = request.FILES.get("photo")
    if upload is None:
        return JsonResponse({"error": "The form holds no photo."}, status=400)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    return JsonResponse({"title": request.POST.get("title"), "bytes": upload.size, "sha256": digest.hexdigest()})


urlpatterns = [path("hello", hello), path("headers", headers), path("echo", echo), path("photo", photo)]
