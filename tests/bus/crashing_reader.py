"""A reader that is killed after it received and before it acknowledged: `ADDRESS COUNT`."""

import os
import signal
import sys
from pathlib import Path

from invoice_gateway.bus.folder import FolderReceiver
from invoice_gateway.bus.rabbit import RabbitReceiver
from invoice_gateway.bus.topology import topology


def main(address: str, count: int) -> None:
    """Receive `count` messages, print their ids, die."""
    if address.startswith("folder:"):
        receiver = FolderReceiver(Path(address.removeprefix("folder:")))
    else:
        # Prefetch is two batches: the broker hands over as many as will be received, no more.
        receiver = RabbitReceiver(address, topology(), batch_size=count // 2)
    found = []
    while len(found) < count:
        found += receiver.receive(count - len(found), 10.0)
    sys.stdout.write("\nreceived " + " ".join(str(each.message_id) for each in found) + "\n")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
