"""Tokens of apps whose refresh token changes at every use: they must outlive a process."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.get_bind().exec_driver_sql((Path(__file__).parents[1] / "shop_tokens.sql").read_text())
