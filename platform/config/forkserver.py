"""Web, worker and beat out of one process that has loaded the product: ``python -m config.forkserver``.

What they have in common lies in memory once. A line of JSON on standard input asks for a process, a line on standard output
answers with its number, another one tells how it ended. The launcher speaks with it (``config.launcher.forking``); nobody
else needs to.
"""

from __future__ import annotations

import json
import os
import runpy
import selectors
import signal
import sys
from contextlib import suppress
from typing import Any, NoReturn


def main() -> None:
    """Serve until standard input ends. What was started goes on: whoever started it stops it."""
    # The protocol has the standard streams for itself; what imports print goes where errors go.
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    ended, wake = os.pipe()
    for end in (ended, wake):
        os.set_blocking(end, False)
    # A Ctrl-C is for the launcher, which then stops what runs here one by one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_facts: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    _load()
    _tell(answers, ready=True)
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        waiting = b""
        while True:
            ready = {key.fd for key, _events in selector.select()}
            if ended in ready:
                with suppress(BlockingIOError):
                    os.read(ended, 4096)
                _reap(answers)
            if requests in ready:
                found = os.read(requests, 65536)
                if not found:
                    return
                *lines, waiting = (waiting + found).split(b"\n")
                for line in lines:
                    order = json.loads(line)
                    pid = os.fork()
                    if pid == 0:
                        _become(order, (requests, answers, ended, wake), selector)
                    _tell(answers, order=order["order"], pid=pid)


def _load() -> None:
    """Everything that web, worker and beat would import, without a connection to anything."""
    import config.celery
    import config.wsgi

    config.celery.app.finalize()
    config.celery.app.loader.import_default_modules()
    assert config.wsgi.application


def _become(order: dict[str, Any], mine: tuple[int, ...], selector: selectors.BaseSelector) -> NoReturn:
    """Be the process that was asked for: ``module`` run as from the command line, in a session of its own."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    selector.close()
    for descriptor in mine:
        os.close(descriptor)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.environ.update(order["environment"])
    sys.argv = [order["module"], *order["arguments"]]
    status = 1
    try:
        runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        # The handlers at exit belong to the process that loaded everything; those of the program have run.
        os._exit(status)


def _reap(answers: int) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _tell(answers, ended=pid, status=os.waitstatus_to_exitcode(status))


def _tell(answers: int, **facts: object) -> None:
    with suppress(BrokenPipeError):
        os.write(answers, json.dumps(facts).encode() + b"\n")


if __name__ == "__main__":
    main()
