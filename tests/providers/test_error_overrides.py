"""`errorClasses` of a ProviderConfig."""

import pytest

from trainsweep.core import errors
from trainsweep.providers.error_overrides import CLASSES, ErrorOverride, overridden


@pytest.mark.parametrize(
    ("override", "fits"),
    [
        (ErrorOverride(404, "TaskGone", "NotFound"), True),
        (ErrorOverride(404, "", "NotFound"), True),
        (ErrorOverride(0, "TaskGone", "NotFound"), True),
        (ErrorOverride(400, "TaskGone", "NotFound"), False),
        (ErrorOverride(404, "taskgone", "NotFound"), False),
        (ErrorOverride(0, "", "NotFound"), False),
    ],
)
def test_an_override_fits_by_what_it_names_and_never_when_it_names_nothing(override, fits):
    assert overridden([override], 404, "TaskGone") is (errors.NotFound if fits else None)


def test_the_first_override_that_fits_wins():
    overrides = [ErrorOverride(409, "Busy", "WrongState"), ErrorOverride(409, "", "Refused")]
    assert overridden(overrides, 409, "Busy") is errors.WrongState
    assert overridden(overrides, 409, "Other") is errors.Refused


def test_each_name_is_the_class_of_that_name():
    assert all(error.__name__ == name and issubclass(error, errors.ProviderError) for name, error in CLASSES.items())
