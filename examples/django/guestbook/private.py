"""/api/private/…: for members. They log in with SimpleJWT; Daypass has no part in it."""

from django.urls import path
from rest_framework.generics import DestroyAPIView
from rest_framework.permissions import IsAdminUser
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from .models import Entry


class MeView(APIView):
    def get(self, request):
        return Response({"name": request.user.get_username()})


class EntryView(DestroyAPIView):
    queryset = Entry.objects.all()
    permission_classes = [IsAdminUser]


urlpatterns = [
    path("token", TokenObtainPairView.as_view()),
    path("refresh", TokenRefreshView.as_view()),
    path("me", MeView.as_view()),
    path("entries/<int:pk>", EntryView.as_view()),
]
