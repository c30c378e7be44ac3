"""The end-to-end world, for tests that look at a whole operator from outside."""

from __future__ import annotations

from ..e2e.conftest import quiet_world as quiet_world
from ..e2e.conftest import served_plane as served_plane
