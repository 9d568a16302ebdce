"""The course as a static site: a front page, the worked lessons to read, and the lessons to run in a browser.

``dlcalc site --out FOLDER`` writes it. `course` says which lessons there are, `mathematics` and `prose` turn their text
into HTML, `films` makes the figures that move, `reading` and `front` are the pages, `lite` builds the edition that
runs.
"""
