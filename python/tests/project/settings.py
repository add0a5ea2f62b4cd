"""A project with members (sessions, SimpleJWT) and visitors (Daypass)."""

from tests.tokens import ISSUER, SECRET

DEBUG = False
SECRET_KEY = "django-B7nW4qZ1xT8kL3vR6mH9cP2sD5fG0jYa-of-the-tests"
ALLOWED_HOSTS = ["testserver"]
USE_TZ = True
ROOT_URLCONF = "tests.project.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "daypass.django",
    "rest_framework",
    "drf_spectacular",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "daypass.django.DaypassMiddleware",
]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DAYPASS = {"SECRET": SECRET, "ISSUER": ISSUER}
REST_FRAMEWORK = {
    # By name and as defaults, so that a circle of imports would show.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "daypass.rest_framework.DaypassAuthentication",
        "rest_framework_simplejwt.authentication.JWTAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["daypass.rest_framework.HasDaypass"],
    "DEFAULT_THROTTLE_CLASSES": ["daypass.rest_framework.DaypassRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"daypass": None},
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SIMPLE_JWT = {"SIGNING_KEY": "members-Q2wE5rT8yU1iO4pA7sD0fG3hJ6kL9zXc"}
SPECTACULAR_SETTINGS = {"TITLE": "Tests", "VERSION": "1"}
