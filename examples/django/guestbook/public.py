"""/api/public/…: for visitors. They come with a Daypass token and never log in."""

from daypass.rest_framework import DaypassAuthentication, DaypassRateThrottle, HasDaypass
from django.urls import path
from rest_framework.generics import ListCreateAPIView
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer

from .models import Entry
from .serializers import EntrySerializer


class EntriesView(ListCreateAPIView):
    queryset = Entry.objects.all()
    serializer_class = EntrySerializer
    authentication_classes = [DaypassAuthentication]
    permission_classes = [HasDaypass]
    throttle_classes = [DaypassRateThrottle]
    renderer_classes = [JSONRenderer, BrowsableAPIRenderer]

    def perform_create(self, serializer):
        serializer.save(session=self.request.auth.subject)


urlpatterns = [path("entries", EntriesView.as_view())]
