"""Credentials out of a Secret: what fits is taken as it is, what does not is named and never quoted."""

from __future__ import annotations

import pytest

from trainsweep.core.errors import ConfigurationError
from trainsweep.providers.credentials import AccessKey, Password, parse_access_key, parse_login

KEY = {"accessKey": "AK123456", "secretKey": "sk+/123456=="}


def parsed(**data: str):
    return parse_login(data, where="Secret team-a/account")


def test_spaces_and_line_ends_around_a_value_do_not_count():
    assert parsed(accessKey=" AK123456\n", secretKey="sk\n", securityToken="\ttoken\n") == AccessKey(
        "AK123456", "sk", "token"
    )


@pytest.mark.parametrize("name", ["accessKey", "secretKey", "securityToken"])
@pytest.mark.parametrize("value", ["hush-é", "hush-\u200b-hush", "hush\nhush", "hush\x00hush", "hush\x7f", "密钥-hush"])
def test_a_key_that_fits_no_header_is_refused_without_being_quoted(name, value):
    with pytest.raises(ConfigurationError, match=f"{name} of Secret team-a/account") as refused:
        parsed(**KEY | {name: value})
    assert refused.value.reason == "SecretKeyMissing"
    assert "hush" not in repr(refused.value)


def test_a_password_and_the_names_beside_it_may_be_any_text():
    found = parsed(username="用户", password="pässwörd ☂", domainName="账号")
    assert found == Password("用户", "pässwörd ☂", "账号")


def test_what_is_missing_is_said_with_what_is_there():
    with pytest.raises(ConfigurationError, match="it has accessKey"):
        parsed(accessKey="AK123456")


def test_a_password_is_no_access_key():
    with pytest.raises(ConfigurationError, match="needs the keys accessKey and secretKey; it has username, password"):
        parse_access_key({"username": "u", "password": "hush"}, where="Secret team-a/account")


def test_a_repr_shows_no_secret():
    shown = repr([parsed(**KEY, securityToken="hush"), parsed(username="u", password="hush")])
    assert "hush" not in shown
    assert KEY["secretKey"] not in shown
