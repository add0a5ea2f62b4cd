from daypass.testing import bearer_headers, make_visitor
from django.contrib.auth.models import User
from rest_framework.test import APITestCase
from rest_framework_simplejwt.tokens import AccessToken

ME = "/api/shared/me"


class SharedTests(APITestCase):
    def test_visitors_and_members_are_told_apart(self):
        member, visitor = User.objects.create_user("member"), make_visitor()
        for user, is_member in (member, True), (visitor, False):
            self.client.force_authenticate(user=user)
            self.assertEqual(self.client.get(ME).json(), {"member": is_member, "name": str(user)})

    def test_so_are_their_tokens(self):
        member = AccessToken.for_user(User.objects.create_user("member"))
        self.assertTrue(self.client.get(ME, headers={"Authorization": f"Bearer {member}"}).json()["member"])
        self.assertFalse(self.client.get(ME, headers=bearer_headers()).json()["member"])

    def test_nobody_else_is_let_in(self):
        self.assertEqual(self.client.get(ME).status_code, 401)
        self.assertEqual(self.client.get(ME, headers=bearer_headers(age_seconds=600)).status_code, 401)
