"""Baidu hands out three kinds of keys, and only one of them signs calls to the fine-tuning API. Pure.

An access key of IAM (32 hexadecimal digits, or ALTAK and more) with its secret key is the right one. An API key
(`bce-v3/...`) and the key pair of an application are for calls to models. Source:
https://cloud.baidu.com/doc/WENXINWORKSHOP/s/oly8ar9ai
"""

from __future__ import annotations

import re

from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason
from trainsweep.providers.credentials import SESSION_WAS_SENT, AccessKey

_RIGHT = "the access key and secret key of an IAM user (Baidu console, Security Authentication, Access Key)"
#: The form of an application's API key; access keys have another length.
_OF_APPLICATION = re.compile(r"(?!ALTAK)[A-Za-z0-9]{24}")


def check_kind(key: AccessKey) -> None:
    """Raise `ConfigurationError` for an API key, which can never work. Nothing of the key is quoted."""
    for field, value in (("accessKey", key.access_key), ("secretKey", key.secret_key)):
        if value.removeprefix("Bearer ").startswith("bce-v3/"):
            raise ConfigurationError(
                Reason.SECRET_KEY_MISSING,
                f"{field} in the Secret is an API key (bce-v3/...), which is for calls to models; fine-tuning needs "
                f"{_RIGHT}.",
            )


def remark_on(key: AccessKey) -> str:
    """Said when the key is refused; "" when nothing is odd about it."""
    if _OF_APPLICATION.fullmatch(key.access_key):
        return f"The accessKey looks like that of an application, which is for calls to models; needed are {_RIGHT}."
    return SESSION_WAS_SENT if key.security_token else ""
