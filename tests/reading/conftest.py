"""Who writes and who reads in these tests."""

from __future__ import annotations

import pytest

import strips
from exmachina.classifier import Classifier


@pytest.fixture(scope="session")
def hand() -> strips.Hand:
    """The first of MNIST's test digits."""
    whole = strips.mnist_hand()
    return strips.Hand("first", whole.cuts[:400], whole.labels[:400])


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return Classifier.load("accurate")
