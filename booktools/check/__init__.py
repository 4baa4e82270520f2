"""Checks of an author's site, as its readers have it; nothing of the tools.

``command``    builds the site where that is due, and runs the checks
``plugin``     what checks get from pytest, what pytest gets from them
``screen``     what an author sees of them
``built``      the site, and the sources of its pages
``findings``   what checks report
``browser``    a server, a browser, and what goes wrong on a page
``readers``    people who have nothing but what they have downloaded
``test_...``   the checks; pytest finds them by their names
"""
