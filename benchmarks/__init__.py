"""Ratios against what a user would pick instead; ``make bench`` prints them.

A module ``bench_<topic>.py`` has a function ``run()`` that yields :class:`Row`. Both sides of a
ratio run in the same process state, in turns, and the answers are compared in the same run.
"""
