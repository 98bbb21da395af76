"""Orders, requests, offers, wallets, time and exchange rates; numbers without gaps."""

from pathlib import Path

from alembic import op

revision = "0003_domain"
down_revision = "0002_packed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change what the file beside this one says that is for the database at hand."""
    dialect = op.get_bind().dialect.name
    script = Path(__file__).with_suffix(f".{dialect}.sql").read_text(encoding="utf-8")
    for statement in script.split(";\n\n"):
        op.execute(statement.strip().removesuffix(";"))
