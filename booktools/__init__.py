"""The build side of the book: it turns chapters into modules and pages.

A book goes through four rooms.  Each imports only what stands above it here;
``make check`` keeps that (the contracts are in `pyproject.toml`).

``problem``      every complaint to a person: ``path:line: error: what [rule]``
``environment``  makes ``.venv``; runs where nothing is installed

``source/``      text -> what it says
    ``text``       files -> text; YAML -> values, and their lines
    ``config``     ``_config.yml`` -> title and package; its form
    ``toc``        ``_toc.yml`` -> the files of the book
    ``parts``      what a chapter consists of: ``Cell``, ``Formula``, ...
    ``options``    what front matter and the options of cells may hold
    ``myst``       the MyST text of a file -> its parts
    ``chapter``    all of these -> ``Book``, ``Chapter``
    ``macros``     the author's TeX macros, written out
    ``magics``     finds lines of IPython's own, and Python inside of them
    ``python``     code -> its names, its imports, what runs at import
    ``saved``      marks ``#@save`` in cells -> what they save, checked
    ``package``    what is saved -> the files of the book's package
    ``installed``  what chapters run on, by name and version
    ``deps``       which saved code a chapter uses, and a digest of it
    ``mentions``   where in code the saved names stand
    ``docstring``  a docstring -> its sections
    ``new``        begins a chapter
``run/``         chapters -> outputs
    ``guard``      that nothing outlives a kernel
    ``freeze``     keeps what kernels share with their server shared
    ``launcher``   a kernel that drops no output
    ``kernels``    how kernels start, forked or not, and that they end
    ``limits``     how much a cell may show, how much memory; the sentences
    ``job``        a notebook to run, and what came of it
    ``cache``      keeps outputs between builds
    ``outputs``    puts outputs in order, finds what another build changes
    ``notebook``   runs one notebook: its time, its errors, a lost kernel
    ``execute``    runs all of them, where a place is
    ``local``      this machine as that place: threads, kernels
    ``cluster``    a Dask cluster as that place
    ``remote``     what one of its workers does with a job
    ``shards``     shares for machines that know nothing of each other
    ``merge``      outputs in other caches -> the cache of this book
    ``repeat``     builds twice, and compares
    ``builder``    builds again and again, without the time for imports
    ``preview``    serves what is built again and again; reloads its pages
    ``write``      watches the book, and does both
``publish/``     a built book -> the world; works where nothing is installed
    ``layout``     where a site has what, and what its branches are called
    ``git``        runs git
    ``repository`` who publishes this book, and where
    ``branches``   puts notebooks where launch links open them
    ``mirror``     puts the site where another host serves it
    ``archive``    zips that are the same, to the byte
    ``release``    what a version consists of
    ``doctor``     what is amiss here, on GitHub and on the site
    ``links``      which other sites are gone
    ``alarm``      reports scheduled runs
``render/``      what pages and take-away are made with
    ``node``       runs JavaScript
    ``katex``      TeX -> HTML, characters -> fonts
    ``touch``      modules of figures -> the script of a page
    ``fonts``      what Chromium prints with
    ``browser``    Chromium, wherever it may be
    ``takeaway``   what a chapter's notebook begins with
    ``script``     a notebook -> a script: magics, await, values printed
    ``pdf``        prints the built site
    ``picture``    a picture of a page, for the READMEs
    ``glyphs``     letters that no font of the PDF has
    ``printed``    page numbers and bytes of what Chromium printed
    ``atomic``     replaces the folder of a site in one step

On top stands ``__main__``, which finds the module of a command, and
``sphinxext/``   the only place that imports Sphinx, docutils or MyST-NB
    ``__init__``   the features of pages in order, a file each, what they do
    ``settings``   which keys of ``_config.yml`` have an effect, or why not
    ``execution``  which chapters run anew, before pages are read
    ``order``      the stages of a build;  ``state``  what features share
"""
