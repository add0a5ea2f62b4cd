import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.servers import call_wsgi
from tests.tokens import bearer, make_pass


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/public", "/api/scoped", "/api/both", "/api/session-first", "/api/throttled"])
@pytest.mark.parametrize("changes", [{"scope": "read write"}, {"aud": "other"}])
def test_no_database_is_asked(path: str, changes: dict[str, str]) -> None:
    with CaptureQueriesContext(connection) as queries:
        response = call_wsgi(path, headers=bearer(make_pass(**changes)))
    assert response.status_code == (401 if "aud" in changes else 200)
    assert len(queries) == 0
