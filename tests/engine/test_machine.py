"""Any history: people edit, accounts change, runs end, calls fail, the operator dies. When all is quiet again, all is
as asked, and nothing was done on the way that nobody asked for.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .drawing import THEMES, histories, so_many
from .histories import Player, Step


def play(config: dict[str, object], steps: list[Step]) -> None:
    player = Player(**config)
    try:
        player.play(steps)
        player.everything_comes_to_rest()
    finally:
        player.close()


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("theme", THEMES)
@so_many(25)
@given(data=st.data())
def test_whatever_happens_all_ends_as_asked(theme, data):
    config, steps = data.draw(histories(theme))
    play(config, steps)
