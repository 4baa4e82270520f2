"""The build side of the book: it turns chapters into modules and pages.

The pipeline, in order; each step imports only steps above it (the whole order
is in `pyproject.toml`, and ``make check`` keeps it):

``problem``    every complaint to a person: ``path:line: error: what [rule]``
``config``     what ``_config.yml`` may hold
``chapter``    ``_toc.yml`` and MyST files -> ``Book``, ``Chapter``, ``Cell``
``magics``     lines of IPython's own -> the Python that they run
``saved``      cells marked ``#@save`` -> the text of the book's package
``deps``       which saved code a chapter uses, and a digest of it
``mentions``   where in code the saved names stand
``docstring``  a docstring -> its sections
``guard``      that nothing outlives a kernel
``kernels``    how kernels start, forked or not, and that they end
``execute``    runs chapters and checks: cache, parallel, failures
``takeaway``   what a chapter's notebook begins with, and its script

Beside the pipeline stand ``site`` (who publishes this book, and where),
``node`` (runs JavaScript), ``katex`` (TeX -> HTML, glyphs -> fonts),
``macros`` (the author's TeX -> TeX), ``repeat`` (builds twice, and compares),
``new`` (begins a chapter),
``doctor`` (tells what is amiss here, on GitHub and on the site), ``browser``
(Chromium, wherever it may be), ``fonts`` (what it prints with), ``pdf``
(prints the built site), ``glyphs`` (letters that no font has), ``release``
(what a version consists of, zipped by ``archive``), ``changes`` (what a
reviewer should read), ``links`` (which other sites are gone), ``publish``
(puts notebooks where launch links open them, and mirrors the site), ``alarm``
(reports weekly runs), ``output`` (replaces the folder of a site in one step)
and ``environment`` (makes ``.venv``); ``publish``, ``alarm`` and
``environment`` run where nothing is installed.  On top stand ``sphinxext``,
the only package that imports Sphinx, docutils or MyST-NB, and ``__main__``,
the only module that parses arguments and prints.
"""
