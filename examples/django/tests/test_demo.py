from daypass.testing import bearer_headers
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, TestCase


class DemoTests(TestCase):
    # As a browser does, not as Django's test client does by default.
    client_class = staticmethod(lambda: Client(enforce_csrf_checks=True))

    def test_hello_says_who_calls(self):
        subject = "anon_" + "v" * 21 + "w"
        answer = self.client.get("/api/hello", headers=bearer_headers(scopes=["hello"], subject=subject))
        self.assertEqual(answer.json()["you"], subject)

    def test_hello_wants_its_scope(self):
        self.assertEqual(self.client.get("/api/hello").status_code, 401)
        self.assertEqual(self.client.get("/api/hello", headers=bearer_headers()).status_code, 403)

    def test_headers_keep_the_token_to_themselves(self):
        fields = self.client.get("/api/headers", headers={**bearer_headers(), "X-Some": "thing"}).json()
        self.assertEqual(fields["x-some"], "thing")
        self.assertNotIn("authorization", fields)

    def test_echo_returns_what_came(self):
        answer = self.client.post("/api/echo", b"\0\xff", "image/x", headers=bearer_headers())
        self.assertEqual((answer.content, answer["Content-Type"]), (b"\0\xff", "image/x"))

    def test_photo_arrives_whole(self):
        upload = SimpleUploadedFile("photo.jpg", b"\xff\xd8" * 2_000_000, "image/jpeg")
        answer = self.client.post("/api/photo", {"title": "Sea", "photo": upload}, headers=bearer_headers())
        self.assertEqual((answer.json()["title"], answer.json()["bytes"]), ("Sea", 4_000_000))
        self.assertEqual(self.client.post("/api/photo", {"title": "Sea"}, headers=bearer_headers()).status_code, 400)
