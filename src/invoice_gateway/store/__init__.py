"""The database: SQLite or PostgreSQL behind one set of functions."""

from .connection import Options
from .schema import SchemaOutdated, check, upgrade
from .sqlstore import SqlStore, connect

__all__ = ["Options", "SchemaOutdated", "SqlStore", "check", "connect", "upgrade"]
