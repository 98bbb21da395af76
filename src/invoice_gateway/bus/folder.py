"""The bus on disk: folders to drop messages into and to fetch events from.

    inbox/<sender>/  drop a file under another name (.part, .tmp, .hidden), then rename it to *.xml
    work/<sender>/   claimed by the engine; what a crash leaves here is delivered again, first
    done/<sender>/   dealt with
    rejected/<sender>/  refused; the engine has the reason
    outbox/          events, in order by name, each with its properties beside it in a .json file

A .json file beside an incoming message (`id`, `type`, `headers`) is optional; put it there first.
"""

from invoice_gateway.bus._inbox import FolderReceiver
from invoice_gateway.bus._outbox import FolderPublisher

__all__ = ["FolderPublisher", "FolderReceiver"]
