"""``dlcalc site``: the command line of the site."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

MISSING = 'dlcalc site needs {name}: python -m pip install "dlcalc[site]"'


def needed(module: str) -> Any:
    """A module of the site, or one sentence on what it needs."""
    try:
        return importlib.import_module(f"dlcalc.site.{module}")
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("dlcalc"):
            raise
        raise click.ClickException(MISSING.format(name=missing.name)) from None


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("site"), show_default=True)
@click.option("--offline", is_flag=True, help="Put all that the browser edition needs on the site itself.")
@click.option("--reading-only", is_flag=True, help="Leave out the edition that runs in the browser.")
@click.option("--lesson", "only", multiple=True, metavar="NN", help="Only this lesson; can be given several times.")
def site(out: Path, offline: bool, reading_only: bool, only: tuple[str, ...]) -> None:
    """Write the course as a static site, for any web server or GitHub Pages.

    A front page, every lesson to read with figures that move, the notebooks, and an edition that runs in the browser
    with nothing installed. That edition loads Python from Pyodide's official address; with --offline it is on the site
    too, and no request leaves it. An older site in the folder is replaced once the new one is complete; anything else
    is left alone.
    """
    if offline and reading_only:
        message = "--offline is about the edition that runs in the browser, which --reading-only leaves out"
        raise click.UsageError(message)
    pages, lite = needed("build"), None if reading_only else needed("lite")
    try:
        with pages.replaced(out) as place:
            chosen = pages.write(place, only=only, runs=not reading_only, say=click.echo)
            if lite:
                click.echo("the edition that runs in the browser")
                lite.build(place / "run", chosen, offline=offline, say=click.echo)
    except (ValueError, OSError, RuntimeError) as error:
        raise click.ClickException(sentence(error)) from None
    except KeyboardInterrupt:
        message = f"interrupted; {out} is as it was before"
        raise click.ClickException(message) from None
    click.echo(f"{len(chosen)} lessons in {out}: put it on a web server, or look with  python -m http.server -d {out}")


def sentence(error: Exception) -> str:
    """What went wrong; of an error of the system, which file and why."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'the site'} cannot be written: {error.strerror}"
    return str(error)
