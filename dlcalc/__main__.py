"""`dlcalc` and `python -m dlcalc`: the command, or one sentence on what it needs."""

import importlib
import sys


def main() -> None:
    """Run the `dlcalc` command."""
    try:
        cli = importlib.import_module("dlcalc.cli")
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] == "dlcalc":
            raise
        sys.exit(f'The dlcalc command needs {missing.name}: python -m pip install "dlcalc[lab]"')
    cli.main(prog_name="dlcalc")


if __name__ == "__main__":
    main()
