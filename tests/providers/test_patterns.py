"""Every regular expression of the product takes linear time, as each one may meet a text that somebody else wrote.

A quadratic one would need hours for a megabyte: the test would not end.
"""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import trainsweep

MEBIBYTE = 1024 * 1024

#: Beginnings of what patterns look for, and what they skip, each repeated until the text is long.
WORST = [
    *("a", "A", "0", " ", ",", "-", ".", "/", "?", "=", '"', "\n", "\\", "千", "aB3", "a-", "a.", "a ", " ,", ".-"),
    *("http://a", "https://", "http://a?", "Bearer ", "bce-v3/", "bce-auth-v1/", "SDK-HMAC-SHA256 ", "Signature="),
    *("SDK-HMAC-SHA256 Access=", "canonical ", "canonical", "ABC|", "GET ", "not ", "not  ", "not be ", "n't ", "be "),
    *("ModelArts.1", "APIGW.0", "access key", "accesskey ", "modelarts.", "modelarts.cn-", "iam.a-", "cn-north-", "1/"),
    *("00000000-0000-", "{", "[", "(", "'", "_", "Not", "Api", "2026-01-01T", "+08:00"),
]


def modules():
    for found in pkgutil.walk_packages(trainsweep.__path__, "trainsweep."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def patterns_in(value, depth=3):
    """Patterns in a value, and in containers and classes."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, dict):
        for pair in value.items():
            yield from patterns_in(pair, depth - 1)
    elif depth and isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from patterns_in(item, depth - 1)
    elif depth and isinstance(value, type) and value.__module__.startswith("trainsweep"):
        for item in vars(value).values():
            yield from patterns_in(item, depth - 1)


def compiled():
    return {pattern for module in modules() for value in vars(module).values() for pattern in patterns_in(value)}


def written_inline():
    """Patterns that are given to a function of `re` as text."""
    for source in Path(trainsweep.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                of_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
                if of_re and node.func.attr != "escape" and isinstance(node.args[0], ast.Constant):
                    yield re.compile(node.args[0].value)


EVERY = sorted(
    {each.pattern: each for each in (*written_inline(), *compiled())}.values(), key=lambda each: str(each.pattern)
)


def test_the_patterns_are_found():
    assert len(EVERY) >= 20


@pytest.mark.timeout(120)
@pytest.mark.parametrize("pattern", EVERY, ids=lambda pattern: str(pattern.pattern)[:40])
def test_a_pattern_takes_linear_time(pattern):
    for worst in WORST:
        text = worst * (MEBIBYTE // len(worst.encode()) + 1) + "\x00"
        text = text.encode() if isinstance(pattern.pattern, bytes) else text
        pattern.sub(text[:0], text)
        pattern.fullmatch(text)
