from django.contrib.auth.models import User
from django.test import TestCase


class AdminTests(TestCase):
    def test_the_admin_is_as_it_was(self):
        self.assertContains(self.client.get("/admin/login/"), "Django administration")
        User.objects.create_superuser("root", password="a long one")
        self.client.login(username="root", password="a long one")
        self.assertContains(self.client.get("/admin/guestbook/entry/"), "entries")
