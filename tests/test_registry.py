import pytest

from dlcalc.registry import Registry, UnknownNameError

SHAPES = Registry("shape", {"circle": 0, "square": 4})


def test_a_registry_is_a_dict():
    assert SHAPES["square"] == 4
    assert list(SHAPES) == ["circle", "square"]
    assert SHAPES.get("cube") is None
    assert "cube" not in SHAPES


def test_an_unknown_name_is_a_key_error_and_a_value_error_with_one_sentence():
    for error in (KeyError, ValueError):
        with pytest.raises(error) as caught:
            SHAPES["sqare"]
        assert str(caught.value) == "unknown shape 'sqare': did you mean 'square'? Known: circle, square"


@pytest.mark.parametrize("name", ["SQUARE", "Square"])
def test_capitals_do_not_hide_the_nearest_name(name):
    with pytest.raises(UnknownNameError, match="did you mean 'square'"):
        SHAPES[name]


@pytest.mark.parametrize("name", ["zzz", 7, None])
def test_where_nothing_is_near_only_the_known_names_are_listed(name):
    with pytest.raises(UnknownNameError) as caught:
        SHAPES[name]
    assert str(caught.value) == f"unknown shape {name!r}: Known: circle, square"


def test_the_beginning_of_a_name_is_near_to_it():
    rules = Registry("rule", {"he_uniform": 0, "he_normal": 1, "xavier": 2})
    with pytest.raises(UnknownNameError, match="did you mean 'he_uniform'"):
        rules["he"]
    with pytest.raises(UnknownNameError, match="did you mean 'he_normal'"):
        rules["he_nrm"]
    with pytest.raises(UnknownNameError, match="did you mean 'xavier_uniform'"):
        Registry("rule", {"he_uniform": 0, "xavier_uniform": 1})["xavir"]
