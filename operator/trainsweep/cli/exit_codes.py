"""What a command ends with; the docs hold the table of all commands."""

from __future__ import annotations

from typing import Final

SUCCESS: Final = 0
FAILURE: Final = 1
WRONG_USAGE: Final = 2
#: `plan`: something would be stopped or deleted.
WOULD_CHANGE: Final = 3
#: What was waited for did not come in time.
NOT_IN_TIME: Final = 4
