"""The Django example with pages of two entries, and WhiteNoise in front of a folder of files, some of them compressed."""

import os

from config.settings import *  # noqa: F403

MIDDLEWARE.insert(0, "whitenoise.middleware.WhiteNoiseMiddleware")  # noqa: F405
WHITENOISE_ROOT = os.environ["FILES_FOLDER"]
REST_FRAMEWORK |= {"PAGE_SIZE": 2, "DEFAULT_THROTTLE_RATES": {"daypass": "1000/min"}}  # noqa: F405
