"""A FastAPI application under uvicorn, as its documents set it up behind a proxy. Prints where it listens."""

import os
import socket
from typing import Annotated

import uvicorn
from daypass import AccessToken, Verifier
from daypass.asgi.fastapi import RequireDaypass, exception_handlers
from fastapi import Depends, FastAPI, Request

# What docs/gate.md shows.
from site_host import SiteHost

verifier = Verifier(os.environ["DAYPASS_SECRET"], issuer=os.environ["DAYPASS_ISSUER"], deploy_contexts=["dev"])
app = FastAPI(exception_handlers=exception_handlers)


@app.get("/api/fast/items/")
def items(request: Request, visitor: Annotated[AccessToken, Depends(RequireDaypass(verifier))]):
    return {"items": ["one", "two"], "scheme": request.url.scheme, "caller": request.client.host}


@app.get("/api/fast/told/")
def told(request: Request, visitor: Annotated[AccessToken, Depends(RequireDaypass(verifier))]):
    return {"link": str(request.url_for("items"))}


site_host = SiteHost(app)


async def both(scope, receive, send):
    """The same application twice: one that knows the site's host, and one that does not."""
    knows = scope.get("path", "").startswith("/api/fast/told")
    await (site_host if knows else app)(scope, receive, send)


with socket.create_server(("127.0.0.1", 0)) as listener:
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(both, log_level="warning", forwarded_allow_ips="*")).run(sockets=[listener])
