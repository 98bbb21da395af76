"""A CreditNotePosted whose handler kills the process, as a bug in a C library would."""

import os
import signal

from invoice_gateway.handler import Book, Context, Decision, Document, Handler, Reach, Role, Scope


def read(document: Document) -> str:
    """Read the number."""
    return document.text("Number")


def scope(message: str, context: Context) -> Scope:
    """Ask for nothing."""
    del message, context
    return Scope()


def decide(message: str, book: Book, context: Context) -> Decision:
    """Die; a number that begins with BUG only raises."""
    del book, context
    if message.startswith("BUG"):
        raise ZeroDivisionError(message)
    os.kill(os.getpid(), signal.SIGKILL)
    return Decision((), ())


HANDLER = Handler(
    message="CreditNotePosted",
    rights={Role.ERP: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
