"""Runs a command, in a folder's company, for as long as standard input stays open: guard.py COMMAND ARGUMENT…

The other end of standard input is held by the parent alone. However the parent ends, SIGKILL included, the input ends
with it, and then the command, its children and the folder go. Python's standard library is all that this needs.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)

with tempfile.TemporaryDirectory(prefix="daypass-django-") as folder:
    command = subprocess.Popen(
        sys.argv[1:],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "DAYPASS_FOLDER": folder},
    )

    def end_with_parent() -> None:
        while os.read(0, 1024):
            pass
        with suppress(ProcessLookupError):
            os.killpg(command.pid, signal.SIGKILL)

    threading.Thread(target=end_with_parent, daemon=True).start()
    code = command.wait()

sys.exit(code if code >= 0 else 1)
