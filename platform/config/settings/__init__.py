"""Settings: ``base`` plus what the environment named by ``DJANGO_ENV`` changes (demo, test, production)."""

import os

from config.settings.base import *  # noqa: F403

if os.environ.get("DJANGO_ENV", "demo") == "production":
    from config.settings.production import *  # noqa: F403
elif os.environ.get("DJANGO_ENV") == "test":
    from config.settings.test import *  # noqa: F403
else:
    from config.settings.demo import *  # noqa: F403
