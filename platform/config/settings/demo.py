"""``make run``: plain http on ``*.localhost``, where a cookie can carry neither prefix nor Secure."""

import os

# Links in messages are written by the worker too, which no request tells the port.
PUBLIC_PORT = os.environ.get("PORT", "")
SESSION_COOKIE_NAME = "session"
CSRF_COOKIE_NAME = "csrf"
SESSION_COOKIE_SECURE = False
CSRF_COOKIE_SECURE = False
SESSION_IDLE_MINUTES = 240
PASSWORD_HASHERS = ["config.settings.hashers.DemoArgon2Hasher"]
