"""Checks, migrates and serves the Django project in the working folder, with a new database and a user to log in as.

What `manage.py check`, `migrate`, `createsuperuser` and `runserver` do one by one, in one process.
"""

import os
import sys

import django
from django.core.management import CommandError, call_command

sys.path.insert(0, os.getcwd())
# Goes when this process does.
os.environ["DJANGO_DATABASE"] = os.path.join(os.environ["DAYPASS_FOLDER"], "db.sqlite3")

try:
    django.setup()
    call_command("check")
    call_command("migrate", verbosity=0)
    # The password is in DJANGO_SUPERUSER_PASSWORD.
    call_command("createsuperuser", interactive=False, username="demo", email="demo@example.com", verbosity=0)
    call_command("runserver", "127.0.0.1:0", use_reloader=False)
except CommandError as error:
    sys.exit(str(error))
