"""Grids of digits, mistakes and preprocessing show what they were given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.figures import digits_grid, mistakes, preprocessing
from exmachina.networks import Network

Read = Callable[[Figure], list[str]]
See = Callable[[Figure], list[np.ndarray]]


def test_four_digits_stand_two_by_two_under_their_labels(test_digits: Dataset, words: Read, pictures: See) -> None:
    figure = digits_grid(test_digits.images[:4], test_digits.labels[:4], range(50, 54))
    for image, shown in zip(test_digits.images, pictures(figure), strict=False):
        np.testing.assert_array_equal(shown, image)
    assert len(pictures(figure)) == 4
    texts = words(figure)
    assert [word for word in texts if word.isdigit()] == [str(label) for label in test_digits.labels[:4]]
    assert [word for word in texts if word.startswith("image")] == [f"image {i}" for i in range(50, 54)]
    boxes = [image.get_extent() for image in figure.axes[0].images]
    assert boxes[0][0] == boxes[2][0] < boxes[1][0] == boxes[3][0]  # columns
    assert boxes[0][3] == boxes[1][3] < boxes[2][3] == boxes[3][3]  # rows, top first


@pytest.mark.parametrize("count", [1, 5, 30, 100])
def test_any_number_stays_on_the_page(test_digits: Dataset, off_the_page: Read, count: int) -> None:
    figure = digits_grid(test_digits.images[:count], test_digits.labels[:count], range(9000, 9000 + count))
    assert off_the_page(figure) == []


def test_grid_of_nothing_or_too_much_or_mismatched_is_refused(test_digits: Dataset) -> None:
    with pytest.raises(InputError, match="Cannot draw 0 digits"):
        digits_grid(test_digits.images[:0])
    with pytest.raises(InputError, match="Cannot draw 500 digits in one figure; choose 1 to 400"):
        digits_grid(test_digits.images)
    with pytest.raises(InputError, match="3 images need 3 labels, not 2"):
        digits_grid(test_digits.images[:3], test_digits.labels[:2])


def test_mistakes_come_with_the_most_confident_first(test_digits: Dataset, words: Read, pictures: See) -> None:
    labels = np.array([1, 2, 3, 4])
    chances = np.full((4, 10), 0.01)
    chances[0, 1] = 0.9  # right
    chances[1, 7] = 0.6  # wrong
    chances[2, 8] = 0.95  # wrong, and sure of it
    chances[3, 4] = 0.5  # right
    figure = mistakes(test_digits.images[:4], labels, chances)
    texts = words(figure)
    assert "The network misreads 2 of 4 digits, all of them are here" in texts
    assert [word for word in texts if "read as" in word] == ["3, read as 8", "2, read as 7"]
    assert "sure to 95.0 %" in texts
    np.testing.assert_array_equal(pictures(figure)[0], test_digits.images[2])


def test_a_perfect_reader_has_an_empty_gallery(test_digits: Dataset, words: Read, pictures: See) -> None:
    figure = mistakes(test_digits.images[:2], np.array([3, 4]), np.eye(10)[[3, 4]])
    assert words(figure) == ["The network reads all 2 digits as people labelled them"]
    assert pictures(figure) == []


def test_preprocessing_writes_bytes_shares_and_standardised_numbers(
    tiny_network: Network, words: Read, off_the_page: Read
) -> None:
    image = np.full((28, 28), 51, np.uint8)
    image[10:13, 10:13] = 255
    figure = preprocessing(image, 7, tiny_network)
    texts = words(figure)
    assert {"51", "255", "0.20", "1.00"} <= set(texts)
    assert "0.3" in texts and "3.0" in texts  # (0.2 - 0.1) / 0.3 and (1 - 0.1) / 0.3
    assert "the label 7 as a one-hot vector" in texts
    assert "− 0.1, then ÷ 0.3" in texts
    assert off_the_page(figure) == []


def test_network_that_only_scales_shows_no_third_step(words: Read) -> None:
    from exmachina.networks import CLASSIC

    texts = words(preprocessing(np.full((28, 28), 9, np.uint8), 0, CLASSIC))
    assert not [word for word in texts if "÷" in word]
    assert "Preprocessing: scaling changes the numbers, not the picture" in texts
