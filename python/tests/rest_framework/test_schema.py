from drf_spectacular.generators import SchemaGenerator


def test_the_openapi_document_tells_of_visitors_and_members() -> None:
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    schemes = document["components"]["securitySchemes"]
    assert schemes["daypass"] == {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of Daypass: an anonymous session.",
    }
    assert {"daypass", "jwtAuth", "cookieAuth"} <= schemes.keys()
    assert {"daypass": []} in document["paths"]["/api/public"]["get"]["security"]
