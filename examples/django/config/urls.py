from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/public/", include("guestbook.public")),
    path("api/shared/", include("guestbook.shared")),
    path("api/private/", include("guestbook.private")),
    path("api/", include("demo.views")),
]
