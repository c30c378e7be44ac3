"""Exit codes beside 0 success, 1 failure and 2 wrong usage. Each command tells its own in its help, from which the docs
hold a table of all.
"""

from __future__ import annotations

from typing import Final

#: `plan`: something would be stopped or deleted.
WOULD_CHANGE: Final = 3
#: What was waited for did not come in time.
NOT_IN_TIME: Final = 4
