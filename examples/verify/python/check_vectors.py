"""Runs a verifier and read_token() over files of vectors: python check_vectors.py accept.json refuse.json …"""

import json
import sys
from typing import Any

import jwt

from verify import Site, Verifier, read_token


def accepts(vector: dict[str, Any]) -> bool:
    """Settings that cannot work accept nothing."""
    sites = [
        Site(
            secrets=[site[key] for key in ("secret", "secondarySecret") if key in site],
            issuer=site["issuer"],
            audience=site["audience"],
            deploy_contexts=site["deployContexts"],
        )
        for site in vector.get("sites", [vector])
    ]
    try:
        claims = Verifier(*sites).verify(vector["token"], vector["now"])
    except (jwt.InvalidTokenError, ValueError):
        return False
    return claims["iss"] == vector.get("acceptedIssuer", sites[0].issuer)


wrong, count = [], 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    for vector in vectors:
        count += 1
        if "fields" in vector:
            fields, code = vector["fields"], vector["code"]
            try:
                read = read_token(fields.get("authorization"), fields.get("x-daypass"))
            except jwt.InvalidTokenError:
                read = "refused"
            if read != (None if code == "token_missing" else vector["token"] or "refused"):
                wrong.append(f"read: {vector['name']}")
            continue
        accepted = accepts(vector)
        if accepted != (vector["code"] is None):
            wrong.append(f"{'accepted' if accepted else 'refused'}: {vector['name']}")
print(*wrong, f"{count} vectors, {len(wrong)} wrong", sep="\n")
sys.exit(1 if wrong or count == 0 else 0)
