"""Start the stand-in for the acquirer: ``python tests/fakes/acquirer_server --port 8430 --data DIR --key SECRET``."""

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
    parser = argparse.ArgumentParser(prog="acquirer_server", description=__doc__)
    parser.add_argument("--port", type=int, default=8430, help="loopback port; 0 takes a free one and prints it")
    parser.add_argument("--data", type=Path, required=True, help="folder of the database file, made if missing")
    parser.add_argument("--key", default="acquirer_demo", help="the secret with which calls and answers are signed")
    arguments = parser.parse_args()
    server = import_module("acquirer_server.server").build(port=arguments.port, data=arguments.data, key=arguments.key)
    # shutdown() waits for serve_forever, so it must not run in the thread that serves.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    print(f"fake acquirer listens on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.close()


main()
