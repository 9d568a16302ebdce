"""The exercises, one module a lesson: what is asked, the cases, the reference, the slips, the hints.

A reference is written as a learner writes it, without annotations: its docstring is the question, its source the
worked solution, and most slips are edits of that source.
"""
