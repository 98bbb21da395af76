"""Runs the schema steps on the connection that `store.schema` hands over."""

from alembic import context

from invoice_gateway.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
