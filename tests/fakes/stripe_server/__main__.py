"""Start the stand-in for Stripe: ``python tests/fakes/stripe_server --port 8420 --data DIR --webhook URL --secret
whsec_…``.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> None:
    """Parse the command line and serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="stripe_server", description=__doc__)
    parser.add_argument("--port", type=int, default=8420, help="loopback port; 0 takes a free one and prints it")
    parser.add_argument("--data", type=Path, required=True, help="folder of the database file, made if missing")
    parser.add_argument("--webhook", default="", help="where signed events go; may be set later through /_control")
    parser.add_argument("--secret", default="whsec_fake", help="signs the events")
    parser.add_argument("--clock", type=Path, help="the product's clock file; this server's time follows it")
    parser.add_argument("--public-base", default="", help="address that browsers use, if not http://127.0.0.1:PORT")
    arguments = parser.parse_args()

    server = import_module("stripe_server.server").build(
        port=arguments.port,
        data=arguments.data,
        webhook=arguments.webhook,
        secret=arguments.secret,
        clock_file=arguments.clock,
        public_base=arguments.public_base,
    )
    # shutdown() waits for serve_forever, so it must not run in the thread that serves.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    print(f"fake stripe listens on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.close()


main()
