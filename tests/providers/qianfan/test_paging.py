"""Lists are walked to the end, or not used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainsweep.core.errors import Malformed, Unavailable
from trainsweep.core.external import ExternalState, Remote
from trainsweep.providers.qianfan.answers import Page
from trainsweep.providers.qianfan.paging import gather, walk


def thing(number, name=""):
    return Remote(f"task-{number:04}", name, ExternalState.RUNNING, "Running")


def reader(pages):
    """Reads the pages of a dict marker → Page, and notes the markers."""
    markers = []

    async def read_page(marker):
        markers.append(marker)
        return pages[marker]

    return read_page, markers


async def test_one_page_is_the_whole_list():
    read_page, markers = reader({"": Page((thing(2), thing(1)), None)})
    assert await gather(walk(read_page)) == (thing(1), thing(2))
    assert markers == [""]


@given(count=st.integers(0, 40), size=st.integers(1, 10), inclusive=st.booleans())
async def test_every_entry_is_found_once_whether_or_not_the_marker_is_shown_again(count, size, inclusive):
    everything = [thing(number) for number in range(count)]

    async def read_page(marker):
        start = next((i for i, one in enumerate(everything) if one.id == marker), -1)
        start = max(start + (0 if inclusive else 1), 0)
        end = start + size + inclusive
        more = end < len(everything)
        return Page(tuple(everything[start:end]), everything[end - 1].id if more else None)

    assert await gather(walk(read_page)) == tuple(everything)


async def test_of_an_entry_that_comes_twice_the_later_word_counts():
    read_page, _ = reader({"": Page((thing(1, "old"),), "m"), "m": Page((thing(1, "new"),), None)})
    assert [one.name for one in await gather(walk(read_page))] == ["new"]


@pytest.mark.parametrize("marker_loop", [["a", "a"], ["a", "b", "a"], [""]])
async def test_a_marker_that_comes_again_ends_the_walk_without_a_list(marker_loop):
    pages = dict(zip(["", *marker_loop], (Page((thing(1),), marker) for marker in marker_loop), strict=False))
    read_page, markers = reader(pages)
    with pytest.raises(Malformed, match="no new marker"):
        await gather(walk(read_page))
    assert len(markers) == len(set(markers))


async def test_a_page_that_fails_fails_the_list():
    async def read_page(marker):
        if marker:
            raise Unavailable("down")
        return Page((thing(1),), "task-0001")

    with pytest.raises(Unavailable):
        await gather(walk(read_page))


@pytest.mark.parametrize("length", [0, 1, 1000])
async def test_a_list_without_an_end_in_sight_is_given_up(length):
    asked = []

    async def read_page(marker):
        asked.append(marker)
        number = len(asked)
        things = tuple(Remote(f"task-{number}-{row}", "", ExternalState.STOPPED, "") for row in range(length))
        return Page(things, f"task-{number}")

    with pytest.raises(Malformed):
        await gather(walk(read_page))
    assert len(asked) <= 1_000
