"""The same project before Daypass came to it."""

from config.settings import *  # noqa: F403

INSTALLED_APPS.remove("daypass.django")  # noqa: F405
MIDDLEWARE.remove("daypass.django.DaypassMiddleware")  # noqa: F405
del DAYPASS  # noqa: F821
ROOT_URLCONF = "tests.plain.urls"
