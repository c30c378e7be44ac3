"""What the block of a provider in a ProviderConfig is made of: the model that each provider derives, and its fields."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from trainsweep.api.common import Model, Rule, immutable, shape

NEW_CONFIG = (
    "Another account needs another provider config: resources that use this one would otherwise look for their remote"
    " things in the wrong place."
)
_ENDPOINT = r"^https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?$"

Endpoint = Annotated[
    str,
    Field(
        max_length=255,
        pattern=_ENDPOINT,
        json_schema_extra=shape(
            "Write the endpoint as https://host or https://host:port, without path, user, query or fragment."
        ),
    ),
]
Word = Annotated[str, Field(min_length=1, max_length=128)]


class ProviderSettings(Model):
    """Which account is meant, and where it is reached. `needs` are groups of fields of which one must be set each;
    without any, the block may be empty.
    """

    needs: ClassVar[tuple[tuple[str, ...], ...]] = ()


def fixed(*fields: str) -> Rule:
    """The fields of a block that never change, which should be all of them."""
    return immutable(*fields, instead=NEW_CONFIG)
