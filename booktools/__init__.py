"""The build side of the book: it turns chapters into modules and pages.

A book goes through four rooms.  Each imports only what stands above it here;
``make check`` keeps that (the contracts are in `pyproject.toml`).

``problem``      every complaint to a person: ``path:line: error: what [rule]``
``environment``  makes ``.venv``; runs where nothing is installed

``source/``      text -> what it says
    ``config``     what ``_config.yml`` may hold
    ``chapter``    ``_toc.yml``, MyST files -> ``Book``, ``Chapter``, ``Cell``
    ``macros``     the author's TeX macros, written out
    ``magics``     lines of IPython's own -> the Python that they run
    ``saved``      cells marked ``#@save`` -> the text of the book's package
    ``deps``       which saved code a chapter uses, and a digest of it
    ``mentions``   where in code the saved names stand
    ``docstring``  a docstring -> its sections
    ``new``        begins a chapter
``run/``         chapters -> outputs
    ``guard``      that nothing outlives a kernel
    ``kernels``    how kernels start, forked or not, and that they end
    ``execute``    runs chapters and checks: cache, parallel, failures
    ``repeat``     builds twice, and compares
``publish/``     a built book -> the world; works where nothing is installed
    ``layout``     where a site has what, and what its branches are called
    ``git``        runs git
    ``repository`` who publishes this book, and where
    ``branches``   puts notebooks where launch links open them; the mirror
    ``archive``    zips that are the same, to the byte
    ``release``    what a version consists of
    ``doctor``     what is amiss here, on GitHub and on the site
    ``links``      which other sites are gone
    ``alarm``      reports scheduled runs
``render/``      what pages and take-away are made with
    ``node``       runs JavaScript
    ``katex``      TeX -> HTML, glyphs -> fonts
    ``fonts``      what Chromium prints with
    ``browser``    Chromium, wherever it may be
    ``takeaway``   what a chapter's notebook begins with, and its script
    ``pdf``        prints the built site
    ``glyphs``     letters that no font of the PDF has
    ``atomic``     replaces the folder of a site in one step

On top stand ``sphinxext/``, the only place that imports Sphinx, docutils or
MyST-NB (its ``__init__`` lists the features of pages), and ``__main__``, the
commands.
"""
