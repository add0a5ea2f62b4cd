"""Daypass for ASGI: a middleware for Starlette and FastAPI. The dependency for FastAPI is in `daypass.asgi.fastapi`."""

from .middleware import DaypassMiddleware
from .scope import access_token

__all__ = ["DaypassMiddleware", "access_token"]
