"""The tester tested: planted collisions and texts off the card are found, good pictures pass."""

from pictures import blank_figure, collisions, outside


def figure_with(*places):
    figure = blank_figure((4, 3))
    for x, y, text in places:
        figure.text(x, y, text)
    return figure


def test_a_planted_collision_is_found():
    figure = figure_with((0.2, 0.5, "one text"), (0.25, 0.51, "another"))
    assert collisions(figure) == [("one text", "another")]


def test_texts_apart_do_not_collide():
    assert collisions(figure_with((0.1, 0.5, "one"), (0.1, 0.6, "two"), (0.5, 0.5, "three"))) == []


def test_a_text_over_the_edge_is_found():
    assert outside(figure_with((0.9, 0.5, "beyond the edge"))) == ["beyond the edge"]


def test_a_text_on_the_card_is_not_outside():
    assert outside(figure_with((0.1, 0.5, "within"))) == []


def test_empty_and_invisible_texts_do_not_count():
    figure = figure_with((0.2, 0.5, "seen"), (0.2, 0.5, " "))
    figure.text(0.2, 0.5, "hidden", visible=False)
    assert collisions(figure) == []
