"""The field map of metafields: what a merchant or another app keeps with a record, by namespace and key.

Here: one table per kind of owner, a child of its owner's document. Which namespaces and keys are read is set per shop
(``metafields`` in its settings); none by default.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import PARENT, Pii, Source, Table, gid, instant, text


def metafields_of(owner: str) -> Table:
    """The metafields of one kind of root, such as ``order``: table ``order_metafields``, by ``order_id``."""
    return Table(
        name=f"{owner}_metafields",
        grain=f"One row per metafield of the {owner}, of those the shop's settings name.",
        key=(f"{owner}_id", "namespace", "key"),
        root_column=f"{owner}_id",
        sources=(Source("Metafield"),),
        columns=(
            gid(f"{owner}_id", PARENT, f"The {owner}.", pii=Pii.PSEUDONYM if owner == "customer" else Pii.NONE),
            gid("metafield_id", "id", "Shopify's numeric metafield id."),
            text("namespace", "namespace", "Whose field it is.", nullable=False),
            text("key", "key", "Its name in the namespace.", nullable=False),
            text("type", "type", "What the value is, in Shopify's words (``single_line_text_field``).", nullable=False),
            text("value", "value", "The value as text, whatever its type.", nullable=False, pii=Pii.PERSONAL),
            instant("created_at", "createdAt", "When it was created.", nullable=False),
            instant("updated_at", "updatedAt", "When it last changed.", nullable=False),
        ),
    )
