"""The web process."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from config.preloading import preload  # noqa: E402
from config.startup import refuse_to_start_unsafe  # noqa: E402

refuse_to_start_unsafe()
preload(pages=True)
