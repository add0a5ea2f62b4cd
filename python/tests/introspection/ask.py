"""Asks a site about tokens: `{site, issuer, secret, tokens}` in, a list of codes or subjects out, both JSON."""

import json
import sys

from daypass import Introspector, TokenError


def ask(introspector: Introspector, token: str) -> str:
    try:
        return introspector.verify(token).subject
    except TokenError as error:
        return error.code


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    introspector = Introspector(asked["site"], asked["secret"], issuer=asked["issuer"], cache_seconds=0)
    print(json.dumps([ask(introspector, token) for token in asked["tokens"]]))
