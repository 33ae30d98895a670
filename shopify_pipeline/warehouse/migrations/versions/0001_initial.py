"""The first schema: typed rows, our own memory, what the back office says, and the break ledger."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

FILES = ("shopify.sql", "ops.sql", "backoffice.sql", "recon.sql")


def upgrade() -> None:
    for name in FILES:
        op.get_bind().exec_driver_sql((Path(__file__).parents[1] / name).read_text())
