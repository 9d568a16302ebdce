"""What the datasets hold, that they follow their rng, and that the split is honest."""

import json
import re
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from dlcalc.datasets import digits, held_out_split, lecture_regression, lecture_weights, spirals, two_moons

REFERENCE = json.loads((Path(__file__).parent / "reference" / "torch_reference.json").read_text())["lecture_snippet"]
DRAWN = {"two_moons": two_moons, "spirals": spirals}


def test_lecture_regression_is_the_reference_data_to_the_last_bit():
    X, y = lecture_regression()
    assert np.array_equal(X, REFERENCE["data"]["x"])
    assert np.array_equal(y, REFERENCE["data"]["y"])


def test_digits_are_the_1797_images_of_the_uci_test_set():
    X, y = digits()
    assert X.shape == (1797, 64)
    assert X.dtype == np.float64
    assert np.array_equal(np.unique(X * 16), np.arange(17))
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    # The first image, a 0, as the UCI repository has it.
    assert (X[0] * 16).astype(int).reshape(8, 8).tolist()[:3] == [
        [0, 0, 5, 13, 9, 1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15, 2, 0, 11, 8, 0],
    ]


def test_each_call_gives_arrays_of_its_own():
    X, _ = digits()
    X[:] = 7
    assert digits()[0].max() == 1


def test_the_bundled_file_is_small_and_names_its_source():
    folder = resources.files("dlcalc").joinpath("data")
    assert len(folder.joinpath("digits.npz").read_bytes()) < 100_000
    notice = folder.joinpath("README.md").read_text(encoding="utf-8")
    assert all(words in notice for words in ("Alpaydin", "Kaynak", "CC BY 4.0", "creativecommons.org/licenses/by/4.0"))
    assert "CC BY 4.0" in digits.__doc__


@pytest.mark.parametrize("name", list(DRAWN))
def test_drawn_data_follow_their_rng(name):
    draw = DRAWN[name]
    (X1, y1), (X2, y2), (X3, _) = (draw(rng=np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(X1, X2)
    assert np.array_equal(y1, y2)
    assert not np.array_equal(X1, X3)
    assert np.array_equal(draw(rng=0)[0], X1)


@pytest.mark.parametrize("name", list(DRAWN))
def test_drawn_data_have_their_shapes_and_balanced_classes(name):
    X, y = DRAWN[name](101, rng=np.random.default_rng(0))
    assert X.shape == (101, 2)
    assert y.shape == (101,)
    assert y.dtype.kind == "i"
    counts = np.bincount(y)
    assert counts.max() - counts.min() <= 1


def test_without_noise_the_moons_are_half_circles_of_radius_1():
    X, y = two_moons(50, noise=0.0, rng=0)
    centre = np.where(y[:, np.newaxis] == 0, [0.0, 0.0], [1.0, 0.5])
    np.testing.assert_allclose(np.linalg.norm(X - centre, axis=1), 1.0, atol=1e-12)
    assert (X[y == 0, 1] >= 0).all()
    assert (X[y == 1, 1] <= 0.5).all()


def test_without_noise_an_arm_of_the_spirals_winds_as_often_as_asked():
    X, y = spirals(400, n_classes=2, turns=2.0, noise=0.0, rng=0)
    radius = np.linalg.norm(X, axis=1)
    assert radius.max() <= 1
    direction = 2 * np.pi * (2.0 * radius + y / 2)
    np.testing.assert_allclose(
        X, radius[:, np.newaxis] * np.column_stack([np.cos(direction), np.sin(direction)]), atol=1e-12
    )


def test_the_noise_has_the_standard_deviation_asked_for():
    X, _ = spirals(20_000, turns=0.0, n_classes=1, noise=0.3, rng=0)
    assert X[:, 1].std() == pytest.approx(0.3, rel=0.03)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: two_moons(0), ValueError, "n_examples must be at least 1, not 0"),
        (lambda: two_moons(10.0), TypeError, "n_examples"),
        (lambda: two_moons(noise=-1), ValueError, "noise must be a finite number of at least 0, not -1"),
        (lambda: two_moons(noise=float("nan")), ValueError, "noise"),
        (lambda: spirals(n_classes=0), ValueError, "n_classes"),
        (lambda: spirals(turns="two"), TypeError, "turns"),
        (lambda: spirals(turns=np.nan), ValueError, "turns must be a finite number, not nan"),
    ],
)
def test_bad_options_are_refused_by_name(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)


def test_the_split_holds_out_the_same_share_of_every_class_and_loses_no_example():
    X, y = digits()
    (X_train, y_train), (X_held_out, y_held_out) = held_out_split(X, y, fraction=0.25)
    expected = [round(0.25 * count) for count in np.bincount(y)]
    assert np.bincount(y_held_out).tolist() == expected
    together = np.concatenate([X_train, X_held_out])
    assert np.array_equal(np.unique(together, axis=0), np.unique(X, axis=0))
    assert len(together) == len(X)
    label_of = {x.tobytes(): label for x, label in zip(X, y, strict=True)}
    assert all(label_of[x.tobytes()] == label for x, label in zip(X_held_out, y_held_out, strict=True))
    assert all(label_of[x.tobytes()] == label for x, label in zip(X_train, y_train, strict=True))


def test_the_split_is_the_same_each_time_and_another_for_another_seed():
    X, y = two_moons(100, rng=0)
    first, same, other = (held_out_split(X, y, rng=seed)[1][0] for seed in (0, 0, 1))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_the_split_mixes_the_classes():
    X, y = two_moons(100, rng=0)
    (_, y_train), _ = held_out_split(X, y)
    assert np.abs(np.diff(y_train)).sum() > 20


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: held_out_split(np.ones((3, 2)), np.ones(4)), "y has shape (4,)"),
        (lambda: held_out_split(np.ones((3, 2)), np.ones((3, 1))), "y has shape (3, 1)"),
        (
            lambda: held_out_split(np.ones((3, 2)), np.ones(3), fraction=1.0),
            "fraction must lie between 0 and 1, not 1.0",
        ),
    ],
)
def test_a_split_that_cannot_be_made_is_refused(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()


def test_the_lectures_first_weights_are_pytorchs():
    W1, W2 = lecture_weights()
    assert W1.tolist() == REFERENCE["W1_ext_init"]
    assert W2.tolist() == REFERENCE["W2_ext_init"]
