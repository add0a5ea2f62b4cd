import json
from pathlib import Path
from typing import Any

import pytest

from daypass import TokenError, Verifier
from daypass._http import TokenFields, read_bearer

_FOLDER = Path(__file__).parents[3] / "test" / "vectors"


def _read(name: str) -> list[Any]:
    vectors: list[Any] = json.loads((_FOLDER / name).read_text())
    assert len(vectors) > 20
    return vectors


def _make_verifier(vector: dict[str, Any], now: int) -> Verifier:
    return Verifier(
        vector["secret"],
        vector.get("secondarySecret"),
        issuer=vector["issuer"],
        audience=vector["audience"],
        deploy_contexts=vector["deployContexts"],
        clock=lambda: now,
    )


@pytest.mark.parametrize("vector", _read("accept.json"), ids=lambda vector: vector["name"])
def test_accepts(vector: dict[str, Any]) -> None:
    verifier = _make_verifier(vector, vector["now"])
    token = verifier.verify(vector["token"])
    assert token.audience == vector["audience"]
    assert token.subject.startswith("anon_")
    # Once more, from the cache.
    assert verifier.verify(vector["token"]) == token


@pytest.mark.parametrize("vector", _read("refuse.json"), ids=lambda vector: vector["name"])
def test_refuses(vector: dict[str, Any]) -> None:
    verifier = _make_verifier(vector, vector["now"])
    for _ in range(2):
        with pytest.raises(TokenError) as refused:
            verifier.verify(vector["token"])
        assert refused.value.code == vector["code"]
        assert refused.value.status == 401


@pytest.mark.parametrize("vector", _read("sites.json"), ids=lambda vector: vector["name"])
def test_chooses_among_sites(vector: dict[str, Any]) -> None:
    names = {"secondarySecret": "secondary_secret", "deployContexts": "deploy_contexts"}
    sites: Any = [{names.get(name, name): value for name, value in site.items()} for site in vector["sites"]]
    verifier = Verifier(sites=sites, clock=lambda: vector["now"])
    for _ in range(2):
        if vector["code"] is None:
            assert verifier.verify(vector["token"]).issuer == vector["acceptedIssuer"]
        else:
            with pytest.raises(TokenError) as refused:
                verifier.verify(vector["token"])
            assert refused.value.code == vector["code"]


@pytest.mark.parametrize("vector", _read("fields.json"), ids=lambda vector: vector["name"])
def test_reads_fields(vector: dict[str, Any]) -> None:
    fields = TokenFields(vector["fields"].get("authorization"), vector["fields"].get("x-daypass"))
    if vector["code"] is None:
        assert read_bearer(fields) == vector["token"]
        return
    with pytest.raises(TokenError) as refused:
        read_bearer(fields)
    assert refused.value.code == vector["code"]
