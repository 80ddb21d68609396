"""The test suite: a cheap password hash; everything else as in the product."""

from config.settings.demo import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
