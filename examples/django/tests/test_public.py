from daypass.testing import bearer_headers, mint_token
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import override_settings
from rest_framework.test import APITestCase
from rest_framework_simplejwt.tokens import AccessToken

from guestbook.models import Entry

ENTRIES = "/api/public/entries"


class PublicTests(APITestCase):
    def setUp(self):
        cache.clear()

    def test_a_visitor_reads_and_writes(self):
        headers = bearer_headers(subject="anon_" + "v" * 21 + "w")
        written = self.client.post(ENTRIES, {"text": "Nice."}, headers=headers)
        self.assertEqual(written.status_code, 201)
        self.assertEqual(Entry.objects.get().session, "anon_" + "v" * 21 + "w")
        read = self.client.get(ENTRIES, headers=headers)
        self.assertEqual([entry["text"] for entry in read.json()["results"]], ["Nice."])
        self.assertNotIn("session", read.json()["results"][0])

    @override_settings(ALLOWED_HOSTS=["site.example"])
    def test_the_next_page_is_at_the_site(self):
        Entry.objects.bulk_create(Entry(text="Nice.", session="anon_x") for _ in range(21))
        at_the_site = {"X-Forwarded-Host": "site.example", "X-Forwarded-Proto": "https"}
        first = self.client.get(ENTRIES, headers={**bearer_headers(), **at_the_site})
        self.assertEqual(first.json()["next"], f"https://site.example{ENTRIES}?page=2")

    def test_nobody_else_does(self):
        member = AccessToken.for_user(User.objects.create_user("member"))
        for token in (None, "nonsense", member, mint_token(age_seconds=600), mint_token(audience="other")):
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            with self.subTest(token=str(token)[:8]):
                refused = self.client.post(ENTRIES, {"text": "Buy!"}, headers=headers)
                self.assertEqual(refused.status_code, 401)
                self.assertTrue(refused["WWW-Authenticate"].startswith("Bearer"))
        self.assertEqual(Entry.objects.count(), 0)

    def test_the_rate_counts_by_session(self):
        headers = bearer_headers()
        codes = [self.client.get(ENTRIES, headers=headers).status_code for _ in range(21)]
        self.assertEqual(codes, [200] * 20 + [429])
        self.assertEqual(self.client.get(ENTRIES, headers=bearer_headers()).status_code, 200)
