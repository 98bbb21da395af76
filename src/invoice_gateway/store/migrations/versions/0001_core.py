"""Accounts, invoices, money, disputes, messages and events."""

from alembic import op

from invoice_gateway.store.guards import statements
from invoice_gateway.store.tables import metadata

revision = "0001_core"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    connection = op.get_bind()
    metadata.create_all(connection, checkfirst=False)
    for statement in statements(connection.dialect.name):
        op.execute(statement)
