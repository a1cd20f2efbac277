"""Languages are named, not coded, wherever a person reads of them."""

from __future__ import annotations

import doctest

from models.reading.language import _identifier
from service.domain import languages


def test_every_language_that_is_detected_has_a_name():
    detected = {str(code) for code in _identifier().nb_classes}

    assert detected - {"zxx"} <= set(languages.NAMES)


def test_names_are_one_to_a_language():
    assert len(set(languages.NAMES.values())) == len(languages.NAMES)


def test_the_examples_hold():
    assert doctest.testmod(languages).failed == 0
