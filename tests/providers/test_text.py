"""A provider's texts: what is shown of them is short, on one line, and holds no secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainsweep.providers.text import LONGEST_NAME, clean, is_name, name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key my-secret-key refused", "key *** refused"),
        ("two\r\n  lines\tand \x1b[31mcolour", "two lines and [31mcolour"),
        ("see https://host/path?token=abc&x=1 there", "see https://host/path?*** there"),
        ("Bearer abc.def is old", "Bearer *** is old"),
        ("got bce-auth-v1/ak/2026-01-31T12:00:00Z/1800/host/ffff now", "got bce-auth-v1/*** now"),
        (
            "SDK-HMAC-SHA256 Access=ak, SignedHeaders=host, Signature=beef is wrong",
            "SDK-HMAC-SHA256 Access=ak, SignedHeaders=host, Signature=*** is wrong",
        ),
        ("lone \ud800 surrogate", "lone surrogate"),
    ],
)
def test_a_text_of_a_provider_is_cleaned_before_it_is_shown(text, shown):
    assert clean(text, ["my-secret-key"]) == shown


@given(st.text())
def test_a_cleaned_text_is_one_printable_line_of_at_most_300_characters(text):
    shown = clean(text + "my-secret-key" + text, ["my-secret-key"])
    assert len(shown) <= 300
    assert shown.isprintable()
    assert "my-secret-key" not in shown


@pytest.mark.parametrize(
    "text",
    ["http://a" * 130_000, "SDK-HMAC-SHA256 " * 65_000, " ," * 500_000, "Bearer " * 150_000, "x" * 1_000_000],
)
def test_a_long_text_is_cut_before_it_is_looked_at(text):
    assert len(clean(text, ["my-secret-key"])) <= 300


def test_a_secret_at_the_place_of_the_cut_is_not_shown_by_half():
    for filler in range(4080, 4100):
        assert "my-sec" not in clean(" " * filler + "my-secret-key", ["my-secret-key"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("support-bot", "support-bot"),
        ("客服 机器人", "客服 机器人"),
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("a\x9bb", "a\ufffdb"),
        ("two\nlines", "two\ufffdlines"),
        ("lone \ud800", "lone \ufffd"),
        ("\u202eevil", "\ufffdevil"),
        ("a\u2028b", "a\ufffdb"),
        ("n" * 256, "n" * 256),
        ("n" * 257, "n" * 255 + "…"),
    ],
)
def test_a_name_is_kept_as_it_is_but_for_its_length_and_control_characters(text, shown):
    assert name(text) == shown
    assert is_name(text) is (text == shown)


@given(st.text())
def test_any_name_can_be_stored_and_shown(text):
    shown = name(text * 40)
    assert len(shown) <= LONGEST_NAME
    assert shown.encode().decode() == shown
    assert is_name(shown)
