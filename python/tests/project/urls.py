from django.urls import path

from daypass.django import require_daypass
from tests.project import api, views

urlpatterns = [
    path("plain", views.plain),
    path("site", views.site),
    path("scoped", views.scoped),
    path("scoped/<str:name>", views.scoped),
    path("coroutine", views.coroutine),
    path("async-class", require_daypass(views.AsyncView.as_view())),
    path("optional", views.optional),
    path("optional-coroutine", views.optional_coroutine),
    path("open", views.open_to_all),
    path("broken", views.broken),
    path("api/public", api.Public.as_view()),
    path("api/scoped", api.Scoped.as_view()),
    path("api/site", api.Site.as_view()),
    path("api/members", api.Members.as_view()),
    path("api/both", api.Both.as_view()),
    path("api/session-first", api.SessionFirst.as_view()),
    path("api/unguarded", api.Unguarded.as_view()),
    path("api/throttled", api.Throttled.as_view()),
    path("api/misconfigured", api.Misconfigured.as_view()),
    path("api/nameless", api.Nameless.as_view()),
    path("api/broken", api.Broken.as_view()),
]
