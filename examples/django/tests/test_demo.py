from django.test import Client, TestCase

from .passes import bearer, make_pass


class DemoTests(TestCase):
    # As a browser does, not as Django's test client does by default.
    client_class = staticmethod(lambda: Client(enforce_csrf_checks=True))

    def test_hello_says_who_calls(self):
        answer = self.client.get("/api/hello", headers=bearer(make_pass(sub="anon_" + "v" * 21 + "w")))
        self.assertEqual(answer.json()["you"], "anon_" + "v" * 21 + "w")

    def test_hello_wants_its_scope(self):
        self.assertEqual(self.client.get("/api/hello").status_code, 401)
        self.assertEqual(self.client.get("/api/hello", headers=bearer(make_pass(scope=""))).status_code, 403)

    def test_headers_keep_the_token_to_themselves(self):
        fields = self.client.get("/api/headers", headers={**bearer(make_pass()), "X-Some": "thing"}).json()
        self.assertEqual(fields["x-some"], "thing")
        self.assertNotIn("authorization", fields)

    def test_echo_returns_what_came(self):
        answer = self.client.post("/api/echo", b"\0\xff", "image/x", headers=bearer(make_pass()))
        self.assertEqual((answer.content, answer["Content-Type"]), (b"\0\xff", "image/x"))
