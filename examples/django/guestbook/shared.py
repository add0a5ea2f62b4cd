"""/api/shared/…: for visitors and members. The gate lets both through, and these views distinguish them."""

from daypass.rest_framework import DaypassAuthentication, DaypassRateThrottle, HasDaypass
from django.urls import path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication


class MeView(APIView):
    # Daypass first: it leaves to SimpleJWT what is not the site's, and SimpleJWT refuses what it does not know.
    authentication_classes = [DaypassAuthentication, JWTAuthentication]
    permission_classes = [HasDaypass | IsAuthenticated]
    throttle_classes = [DaypassRateThrottle]

    def get(self, request):
        return Response({"member": request.user.is_authenticated, "name": str(request.user)})


urlpatterns = [path("me", MeView.as_view())]
