"""``dlcalc export``: the course for nbgrader, the grades for Canvas and Moodle."""

from __future__ import annotations

from pathlib import Path

import click

from dlcalc.grading.gradebook import write_gradebook
from dlcalc.grading.nbgrader import ExportError, export_nbgrader
from dlcalc.lessons import shipped_lessons


@click.group()
def export() -> None:
    """Bring the course and its grades to the systems of an institution."""


@export.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the hidden tests' inputs.")
@click.option(
    "--lessons",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Notebooks in place of those that come with dlcalc.",
)
def nbgrader(folder: Path, seed: int, lessons: Path | None) -> None:
    """Write an nbgrader course into FOLDER, ready for nbgrader generate_assignment."""
    try:
        names = export_nbgrader(lessons or shipped_lessons(), folder, seed=seed)
    except (ExportError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{len(names)} assignments: {', '.join(names)}")


@export.command()
@click.argument("system", type=click.Choice(["canvas", "moodle"]))
@click.argument("grades", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
def gradebook(system: str, grades: Path, out: Path) -> None:
    """Write the table OUT for a learning management system, made from GRADES (grades.csv)."""
    try:
        count = write_gradebook(grades, out, system)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{count} learners: {out}")
