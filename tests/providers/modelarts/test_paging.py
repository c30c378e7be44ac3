"""A list that is answered holds everything that was there all the time."""

from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainsweep.core.errors import Malformed
from trainsweep.core.external import ExternalState, Remote
from trainsweep.providers.modelarts.paging import Page, every_page


def rows(ids):
    return tuple(Remote(str(one), str(one), ExternalState.RUNNING, "") for one in ids)


class Numbered:
    """A paged list over `ids`. `after` maps the number of a request to what happens right after it."""

    def __init__(self, ids, size, *, after=None, announce=len, cap=None, binding=True):
        self.ids = list(ids)
        self.size = min(size, cap or size)
        self.after = after or {}
        self.announce = announce
        self.binding = binding
        self.asked = []

    async def fetch(self, number):
        self.asked.append(number)
        start = number * self.size
        page = Page(rows(self.ids[start : start + self.size]), self.announce(self.ids), self.binding)
        self.after.get(len(self.asked), lambda _: None)(self.ids)
        return page


def ids(found):
    return [int(row.id) for row in found]


async def test_a_list_that_fits_on_one_page_costs_one_request():
    pages = Numbered(range(9), 10)
    assert ids(await every_page(pages.fetch, 10)) == list(range(9))
    assert pages.asked == [0]


async def test_an_empty_list_costs_one_request():
    pages = Numbered([], 10)
    assert await every_page(pages.fetch, 10) == ()
    assert pages.asked == [0]


async def test_a_longer_list_is_read_from_its_end_and_answered_in_order():
    pages = Numbered(range(35), 10)
    assert ids(await every_page(pages.fetch, 10)) == list(range(35))
    assert pages.asked == [0, 3, 2, 1, 0]


@pytest.mark.parametrize("length", [10, 20, 25])
@pytest.mark.parametrize("announce", [len, lambda _: None])
async def test_full_pages_are_followed_until_a_short_one(length, announce):
    pages = Numbered(range(length), 10, announce=announce)
    assert ids(await every_page(pages.fetch, 10)) == list(range(length))


@pytest.mark.parametrize("request_number", [1, 2, 3, 4])
async def test_a_row_is_not_stepped_over_when_an_earlier_one_is_deleted_between_pages(request_number):
    pages = Numbered(range(35), 10, after={request_number: lambda now: now.remove(2)})
    assert set(range(35)) - {2} <= set(ids(await every_page(pages.fetch, 10)))


async def test_a_deletion_hidden_by_a_creation_does_not_hide_a_row():
    def swap(now):
        now.remove(2)
        now.append(99)

    pages = Numbered(range(20), 10, after={1: swap})
    assert set(range(20)) - {2} <= set(ids(await every_page(pages.fetch, 10)))


async def test_rows_created_meanwhile_neither_repeat_others_nor_make_the_list_fail():
    pages = Numbered(range(15), 10, after={n: lambda now: now.append(len(now)) for n in range(1, 40)})
    found = ids(await every_page(pages.fetch, 10))
    assert found[:15] == list(range(15))
    assert len(found) == len(set(found))


@given(st.data())
async def test_whatever_is_deleted_and_appended_meanwhile_the_rest_is_found(data):
    length, size = data.draw(st.integers(0, 40)), data.draw(st.integers(1, 7))
    victims, fresh = set(), count(1000)

    def change(now):
        for _ in range(data.draw(st.integers(0, 3))):
            if now:
                victims.add(now.pop(data.draw(st.integers(0, len(now) - 1))))
        now.extend(islice(fresh, data.draw(st.integers(0, 2))))

    changes = dict.fromkeys(data.draw(st.lists(st.integers(1, 12), max_size=4)), change)
    found = set(ids(await every_page(Numbered(range(length), size, after=changes).fetch, size)))
    assert set(range(length)) - victims <= found


async def test_a_server_that_caps_its_pages_is_read_to_the_end():
    pages = Numbered(range(25), 1000, cap=10)
    assert ids(await every_page(pages.fetch, 1000)) == list(range(25))


@pytest.mark.parametrize("length", [0, 3, 10, 12])
async def test_a_list_with_fewer_rows_than_it_announces_is_not_answered(length):
    pages = Numbered(range(length), 10, announce=lambda now: len(now) + 1)
    with pytest.raises(Malformed, match=f"announced {length + 1} entries of a list and gave {length}"):
        await every_page(pages.fetch, 10)


async def test_a_total_that_is_only_a_hint_makes_it_look_on_and_accept():
    pages = Numbered(range(3), 10, announce=lambda _: 5, binding=False)
    assert ids(await every_page(pages.fetch, 10)) == [0, 1, 2]
    assert pages.asked == [0, 1]


async def test_a_hint_finds_the_rows_behind_a_capped_page():
    pages = Numbered(range(5), 10, cap=3, binding=False)
    assert ids(await every_page(pages.fetch, 10)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("total", [None, 30])
async def test_a_server_that_ignores_the_page_number_is_not_asked_for_ever(total):
    async def fetch(_):
        return Page(rows(range(10)), total)

    with pytest.raises(Malformed, match="same rows"):
        await every_page(fetch, 10)


async def test_a_failing_page_fails_the_list():
    async def fetch(number):
        if number == 1:
            raise Malformed("broken")
        return Page(rows(range(10)), 15)

    with pytest.raises(Malformed, match="broken"):
        await every_page(fetch, 10)


@pytest.mark.parametrize("total", [None, 10**9])
async def test_a_list_without_an_end_in_sight_is_given_up(total):
    asked = []

    async def fetch(number):
        asked.append(number)
        rows = tuple(Remote(f"{number}-{row}", "", ExternalState.STOPPED, "") for row in range(1000))
        return Page(rows, total)

    with pytest.raises(Malformed, match=r"no end|more than can be read"):
        await every_page(fetch, 1000)
    assert len(asked) <= 60
