from daypass.testing import bearer_headers
from django.contrib.auth.models import User
from rest_framework.test import APITestCase

from guestbook.models import Entry


class PrivateTests(APITestCase):
    @classmethod
    def setUpTestData(cls):
        cls.staff = User.objects.create_user("staff", password="a long one", is_staff=True)

    def log_in(self, password="a long one"):
        form = {"username": "staff", "password": password}
        return self.client.post("/api/private/token", form)

    def test_a_member_logs_in_and_stays(self):
        tokens = self.log_in().json()
        refreshed = self.client.post("/api/private/refresh", {"refresh": tokens["refresh"]})
        for token in (tokens["access"], refreshed.json()["access"]):
            answer = self.client.get("/api/private/me", headers={"Authorization": f"Bearer {token}"})
            self.assertEqual(answer.json(), {"name": "staff"})

    def test_staff_deletes_an_entry(self):
        entry = Entry.objects.create(text="Buy!", session="anon_x")
        headers = {"Authorization": f"Bearer {self.log_in().json()['access']}"}
        self.assertEqual(self.client.delete(f"/api/private/entries/{entry.pk}", headers=headers).status_code, 204)
        self.assertEqual(Entry.objects.count(), 0)

    def test_nobody_else_does(self):
        self.assertEqual(self.log_in("a wrong one").status_code, 401)
        self.assertEqual(self.client.get("/api/private/me").status_code, 401)
        refused = self.client.get("/api/private/me", headers=bearer_headers())
        self.assertEqual((refused.status_code, refused.json()["code"]), (401, "token_not_valid"))
