"""Runs verify() over files of vectors: python check_vectors.py accept.json refuse.json"""

import json
import sys

import jwt

from verify import verify

wrong, count = [], 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    for vector in vectors:
        count += 1
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
