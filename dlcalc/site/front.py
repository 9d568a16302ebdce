"""The front page: a tangent to move, and a card for each lesson."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from dlcalc.activations import sigmoid
from dlcalc.site.course import Lesson
from dlcalc.site.prose import Prose, to_html, words
from dlcalc.site.reading import pictures_of, run_link
from dlcalc.site.shell import page

# The card of the opening figure in px, and what of the plane it shows.
WIDTH, HEIGHT, REACH = 560, 300, 6.0
TOP, BOTTOM = 40, 250
TANGENT = 90  # half its length in px along z
PICTURE_WIDTH, FRAME = 560, 10

INTRODUCTION = """
<section class="hero">
<div>
<h1>The calculus behind backpropagation</h1>
<p class="lead">{count} short lessons take you from one multiplication to a network that reads handwritten digits, with
backpropagation that you wrote yourself. You predict, move a slider, write ten lines, and are told in one sentence what
slipped.</p>
<p class="ways">{start}<a class="button quiet" href="#lessons">See the lessons</a></p>
<p class="note">{promise}</p>
</div>
{figure}
</section>
"""
RUNS_HERE = "Python runs inside this page: nothing to install, no account, and your work stays in your browser."
READS_HERE = "Read here, or download a lesson and run it on your own computer."


def write_front(out: Path, lessons: list[Lesson], *, runs: bool) -> None:
    """Write index.html and the pictures of its cards."""
    first = lessons[0]
    link, word = (run_link(first), "Start in your browser") if runs else (f"read/{first.stem}.html", "Start reading")
    top = INTRODUCTION.format(
        count=_spelled(len(lessons)),
        start=f'<a class="button" href="{link}">{word}</a> ',
        promise=RUNS_HERE if runs else READS_HERE,
        figure=hero(),
    )
    shown: set[bytes] = set()
    cards = "\n".join(card(out, lesson, shown, runs=runs) for lesson in lessons)
    main = f'{top}<section id="lessons"><h2>The lessons</h2>\n<ul class="cards">\n{cards}\n</ul></section>\n{HOW}'
    text = page(
        title="The calculus behind backpropagation",
        description="Interactive lessons on the calculus behind backpropagation, with exercises that name your slip",
        main=main,
        head='<script src="hero.js" defer></script>\n',
    )
    (out / "index.html").write_text(text, encoding="utf-8", newline="\n")


HOW = """
<section class="how"><h2>How a lesson works</h2>
<ol>
<li><strong>Predict.</strong> You commit an answer before you see it. It costs nothing; what surprises you stays.</li>
<li><strong>Look.</strong> A figure moves under your slider, and you find out why you were right or wrong.</li>
<li><strong>Write.</strong> Ten lines of NumPy. The check knows the usual slips and names the one you made.</li>
<li><strong>Break it.</strong> You put a bug in on purpose, and know it when you meet it.</li>
</ol></section>
"""


def card(out: Path, lesson: Lesson, shown: set[bytes], *, runs: bool) -> str:
    """One lesson: its picture, its question, how long it takes, and the ways in."""
    heading = f'<h3><a href="read/{lesson.stem}.html">{lesson.number} · {words(lesson.title)}</a></h3>'
    question = to_html(lesson.question, Prose(lambda _url: None)).replace("<p>", '<p class="question">')
    count = len(lesson.exercises)
    exercises = f" · {count} exercise{'s' * (count != 1)}" if count else ""
    facts = f'<p class="facts">{lesson.minutes} minutes{exercises}</p>'
    named = f'<span class="hidden"> {lesson.number} · {words(lesson.title)}</span>'
    run = f'<a href="{run_link(lesson)}">Run in your browser{named}</a>' if runs else ""
    take = f'<a href="notebooks/{lesson.stem}.ipynb" download>Download{named}</a>'
    return (
        f'<li class="card">{picture(out, lesson, shown)}{heading}{question}{facts}<p class="doors">{run}{take}</p></li>'
    )


def picture(out: Path, lesson: Lesson, shown: set[bytes]) -> str:
    """The lesson's first figure that no card before it has shown, small."""
    found = pictures_of(lesson)
    if not found:
        return ""
    png = next((one for one in found if one not in shown), found[0])
    shown.add(png)
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    # Without the figure's own frame, since the card has one.
    image = image.crop((FRAME, FRAME, image.width - FRAME, image.height - FRAME))
    ground = Image.new("RGBA", image.size, "#fcfbf8")
    ground.alpha_composite(image)
    height = round(image.height * PICTURE_WIDTH / image.width)
    small = ground.convert("RGB").resize((PICTURE_WIDTH, height), Image.Resampling.LANCZOS)
    name = f"card-{lesson.number}.webp"
    small.save(out / "pictures" / name, "WEBP", quality=72, method=6)
    # The heading beside it says what the picture is of; on its card it is an ornament.
    return f'<img src="pictures/{name}" alt="" width="{PICTURE_WIDTH}" height="{height}" loading="lazy">'


def hero() -> str:
    """The sigmoid with its tangent; every position is computed here, the script only moves the picture."""
    z = np.round(np.arange(-60, 61) / 10, 1)
    value, slope = sigmoid.value_and_derivative(z)
    x, y = WIDTH * (z + REACH) / (2 * REACH), BOTTOM - (BOTTOM - TOP) * value
    steep = slope * (BOTTOM - TOP) * (2 * REACH) / WIDTH  # px up for each px to the right
    run = TANGENT / np.sqrt(1 + steep**2)
    curve = "M" + " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    places = np.round(np.column_stack([x, y, run, run * steep]), 1).tolist()
    words_of = [(f"{a:.1f}".replace("-", "−"), f"{b:.3f}") for a, b in zip(z, slope, strict=True)]
    frames = [[*place, *said] for place, said in zip(places, words_of, strict=True)]
    packed = json.dumps(frames, ensure_ascii=False, separators=(",", ":"))
    start = 75
    a, b, across, up = places[start]
    sentence = "z = {}, slope {}".format(*words_of[start])
    return f"""<figure class="hero-figure">
<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="The sigmoid, an S between 0 and 1, with a tangent">
<path class="axis" d="M0,{BOTTOM}H{WIDTH}M0,{TOP}H{WIDTH}"/>
<text x="8" y="{BOTTOM + 20}">0</text><text x="8" y="{TOP - 10}">1</text>
<path class="curve" d="{curve}"/>
<line class="tangent" x1="{a - across:.1f}" y1="{b + up:.1f}" x2="{a + across:.1f}" y2="{b - up:.1f}"/>
<circle class="point" cx="{a}" cy="{b}" r="8"/>
</svg>
<figcaption><label for="hero-z">Move the point</label>
<input id="hero-z" type="range" min="0" max="{len(frames) - 1}" value="{start}" aria-valuetext="{sentence}">
<output for="hero-z">{sentence}</output></figcaption>
<script type="application/json" id="hero-frames">{packed}</script>
</figure>"""


def _spelled(count: int) -> str:
    names = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"]
    return names[count] if count < len(names) else str(count)
