"""A worker that kills itself at a named boundary: `dying_worker BOUNDARY HIT`.

Settings come from the environment. It ends by SIGKILL the HIT-th time it passes BOUNDARY, so
nothing is flushed, closed or acknowledged on the way out. BOUNDARY `never`: a plain worker.
"""

import os
import signal
import sys
from threading import Event

from invoice_gateway import log
from invoice_gateway.app import assemble
from invoice_gateway.settings import load


def main() -> None:
    """Work until killed, by oneself or by others."""
    boundary, hit = sys.argv[1], int(sys.argv[2])
    passed = 0

    def checkpoint(name: str) -> None:
        nonlocal passed
        passed += name == boundary
        if name == boundary and passed == hit:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = load()
    log.configure("json", settings.log_level)
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with assemble(settings).worker(checkpoint) as worker:
        worker.run(stop)


if __name__ == "__main__":
    main()
