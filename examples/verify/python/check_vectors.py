"""Runs verify() and read_token() over files of vectors: python check_vectors.py accept.json refuse.json fields.json"""

import json
import sys

import jwt

from verify import read_token, verify

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
        try:
            verify(
                vector["token"],
                secrets=[vector[key] for key in ("secret", "secondarySecret") if key in vector],
                issuer=vector["issuer"],
                audience=vector["audience"],
                deploy_contexts=vector["deployContexts"],
                now=vector["now"],
            )
            accepted = True
        except jwt.InvalidTokenError:
            accepted = False
        if accepted != (vector["code"] is None):
            wrong.append(f"{'accepted' if accepted else 'refused'}: {vector['name']}")
print(*wrong, f"{count} vectors, {len(wrong)} wrong", sep="\n")
sys.exit(1 if wrong or count == 0 else 0)
