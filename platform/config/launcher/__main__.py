"""Command line of the launcher: ``python -m config.launcher COMMAND``; the Makefile's targets call it."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys

from config.launcher.console import say, step
from config.launcher.errors import LaunchError
from config.launcher.paths import var_dir
from config.launcher.processes import left_behind, stop_left_behind
from config.launcher.product import Product, build, holder
from config.launcher.services import Services
from config.launcher.system import wait_until

# What a run has written and a new start must not find. Logs, fonts and builds stay.
_DEMO_DATA = (
    "postgres",
    "broker",
    "media",
    "outbox",
    "beat",
    "demo.json",
    "demo-state.json",
    "clock.json",
    "stripe",
    "acquirer",
)


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise LaunchError(f"PORT must be a number from 1 to 65535, not {text!r}")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    return Product(var_dir(), port=_port()).run()


def _dev(arguments: argparse.Namespace) -> int:
    return Product(var_dir(), port=_port(), reload=True).run()


def _build(arguments: argparse.Namespace) -> int:
    build(var_dir())
    if arguments.browser:
        from config.launcher.chromium import ensure_chromium

        say(f"Chromium for the browser tests: {ensure_chromium(var_dir()).program}")
    return 0


def _messages(arguments: argparse.Namespace) -> int:
    from config.launcher import catalogues, messages

    if arguments.update:
        catalogues.update()
    messages.ensure_messages(var_dir())
    if arguments.check and (lines := catalogues.problems()):
        print("\n".join(lines))
        return 1
    return 0


def _lint(arguments: argparse.Namespace) -> int:
    from config.launcher.lint import lint

    return lint()


def _services(arguments: argparse.Namespace) -> int:
    services = Services.of(var_dir(), dict(os.environ))
    services.keep()
    # A shell evaluates what stands on the standard output.
    with contextlib.redirect_stdout(sys.stderr):
        environment = services.start()
    for name, value in environment.items():
        print(f"export {name}='{value}'")
    return 0


def _env(arguments: argparse.Namespace) -> int:
    services = Services.of(var_dir(), dict(os.environ))
    environment = services.running_environment()
    if environment is None:
        raise LaunchError("The servers do not run. Start them: python -m config.launcher services")
    for name, value in environment.items():
        print(f"export {name}='{value}'")
    return 0


def _stop(arguments: argparse.Namespace) -> int:
    var = var_dir()
    launcher = holder(var_dir())
    if launcher is not None:
        say(f"Stopping the product (process {launcher.pid})")
        os.kill(launcher.pid, signal.SIGTERM)
        wait_until(lambda: not launcher.running(), seconds=30)
    for name in stop_left_behind(var):
        say(f"Stopped {name}, which an earlier run left behind")
    Services.of(var, {}).stop()
    say("Nothing runs any more")
    return 0


def _reset_demo(arguments: argparse.Namespace) -> int:
    var = var_dir()
    if os.environ.get("DATABASE_URL"):
        raise LaunchError("DATABASE_URL names a server of yours; its database is not thrown away from here.")
    if holder(var_dir()) is not None or left_behind(var):
        raise LaunchError("The product is running. Stop it first (Ctrl-C there, or: make stop).")
    with step("Throwing the demo's data away"):
        services = Services.of(var, {})
        services.stop()
        services.forget()
        for name in _DEMO_DATA:
            path = var / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    return Product(var, port=_port()).load()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m config.launcher", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, work, text in (
        ("run", _run, "start the product and wait for Ctrl-C"),
        ("dev", _dev, "the same, following changes of the code"),
        ("services", _services, "start PostgreSQL and the broker only, and print their addresses"),
        ("env", _env, "print the addresses of the running servers"),
        ("stop", _stop, "stop everything that runs in this var folder"),
        ("reset-demo", _reset_demo, "throw the demo's data away and load it anew"),
        ("lint", _lint, "run the checks that need no database"),
    ):
        commands.add_parser(name, help=text).set_defaults(work=work)
    building = commands.add_parser("build", help="make front end, catalogues and fonts")
    building.add_argument("--browser", action="store_true", help="and find or fetch a Chromium for the tests")
    building.set_defaults(work=_build)
    catalogues = commands.add_parser("messages", help="compile the message catalogues")
    catalogues.add_argument("--update", action="store_true", help="bring them to the texts of the code first")
    catalogues.add_argument("--check", action="store_true", help="and fail where a translation is missing")
    catalogues.set_defaults(work=_messages)
    return parser


def main() -> int:
    """Run one command and return its exit status."""
    arguments = _parser().parse_args()
    try:
        return int(arguments.work(arguments))
    except LaunchError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(
            f"\n{error}\nDoes {var_dir()} belong to another user? Run as that user, or set LIANZHEN_VAR.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
