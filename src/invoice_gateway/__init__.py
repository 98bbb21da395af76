"""Invoice Gateway: an XML message-driven integration engine for orders, invoices and payments."""

__version__ = "0.1.0"
