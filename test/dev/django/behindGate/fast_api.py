"""A FastAPI application under uvicorn, as its documents set it up behind a proxy. Prints where it listens."""

import os
import socket
from typing import Annotated

import uvicorn
from daypass import AccessToken, Verifier
from daypass.asgi.fastapi import RequireDaypass, exception_handlers
from fastapi import Depends, FastAPI, Request

verifier = Verifier(os.environ["DAYPASS_SECRET"], issuer=os.environ["DAYPASS_ISSUER"], deploy_contexts=["dev"])
app = FastAPI(exception_handlers=exception_handlers)


@app.get("/api/fast/items/")
def items(request: Request, visitor: Annotated[AccessToken, Depends(RequireDaypass(verifier))]):
    return {"items": ["one", "two"], "scheme": request.url.scheme, "caller": request.client.host}


with socket.create_server(("127.0.0.1", 0)) as listener:
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", forwarded_allow_ips="127.0.0.1")).run(sockets=[listener])
