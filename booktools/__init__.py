"""The build side of the book: it turns chapters into modules and pages.

A book goes through these rooms.  Each imports only what stands above it here;
``make check`` keeps that (the contracts are in `pyproject.toml`).

``problem``      every complaint to a person: ``path:line: error: what [rule]``
``environment``  makes ``.venv``; runs where nothing is installed
``language``     the texts for readers, in the language of the book

``source/``      text -> what it says
    ``text``       files -> text; YAML -> values, and their lines
    ``files``      the files in which an author writes; writes whole files
    ``config``     ``_config.yml`` -> title, package, language; its form
    ``toc``        ``_toc.yml`` -> the files of the book
    ``parts``      what a chapter consists of: ``Cell``, ``Formula``, ...
    ``marks``      where in a cell marks ``#@save`` stand, or were meant to
    ``options``    what front matter and the options of cells may hold
    ``myst``       the MyST text of a file -> its parts
    ``chapter``    all of these -> ``Book``, ``Chapter``
    ``tables``     finds tables in text that Markdown reads as text
    ``brackets``   TeX -> what in it is never closed
    ``rules``      what the dialect asks for, and what a book switches off
    ``markdown``   the parsers of Markdown; marks of footnotes
    ``failing``    the code of a check -> why it cannot fail
    ``slips``      what in a text was meant as Markdown, or is empty
    ``dialect``    a chapter -> what in it breaks rules; chapters not listed
    ``macros``     the author's TeX macros, written out
    ``magics``     finds lines of IPython's own, and Python inside of them
    ``python``     code -> its names, its imports, what runs at import
    ``data``       the files that a chapter reads, which its notebook brings
    ``early``      helpers that code uses before they are saved
    ``filenames``  chapters whose files have the name of a module
    ``saved``      marks ``#@save`` in cells -> what they save, checked
    ``package``    what is saved -> the files of the book's package
    ``installed``  what chapters run on, by name and version
    ``deps``       which saved code a chapter uses, and a digest of it
    ``mentions``   where in code the saved names stand
    ``docstring``  a docstring -> its sections
    ``new``        begins a chapter
    ``origin``     where these tools come from, for another course
    ``start``      begins a course
``editions/``    a book in other languages -> its chapters in them
    ``languages``  ``_config.yml`` -> the editions of a book
    ``remember``   what functions of texts have returned, build by build
    ``captions``   finds texts in the options of cells, and replaces them
    ``roles``      a role and its text -> what it shows, what it names
    ``tables``     a table -> its size, and which cells have text
    ``outline``    what a file consists of: blocks, prose, references
    ``sentences``  the text of a block -> what is said, referred to
    ``blocks``     a file -> its outline, which its edition shares
    ``alignment``  blocks of two languages -> which belong together
    ``likeness``   if formulas, and code, say the same in two languages
    ``sections``   a file -> what is in which of its sections
    ``gaps``       blocks without a partner -> moved, renamed, or missing
    ``comparison`` a file and its edition -> what does not match
    ``untranslated``  what is still in the language of the source
    ``included``   files that an edition includes and nobody translated
    ``edition``    a file of an edition -> the chapter, with its code
    ``whole``      the whole of an edition -> its chapters
    ``standalone`` an edition, written as a book of its own
    ``wanted``     the files and sections that a translator has named
    ``translate``  which text of an edition is older than its source
``importing/``   chapters of others -> chapters; no other room needs it
    ``draft``      a chapter that is being imported, and what is left to do
    ``tabs``       code for several frameworks -> that for one
    ``d2l``        D2L's dialect -> MyST
    ``stock``      MyST as others write it -> this dialect
    ``notebook``   a notebook -> a chapter that is being imported
    ``references`` lets references lead somewhere, numbers formulas
    ``command``    turns the files of others into chapters of a book
``run/``         chapters -> outputs
    ``guard``      that nothing outlives a kernel
    ``freeze``     keeps what kernels share with their server shared
    ``launcher``   a kernel that drops no output
    ``kernels``    how kernels start, forked or not, and that they end
    ``limits``     how much a cell may show, how much memory; the sentences
    ``front_matter``  what a chapter says about how it runs
    ``job``        a notebook to run, and what came of it
    ``checks``     a check and its formula -> the code that a kernel runs
    ``assertions`` runs a check; a failing assertion says both sides
    ``equation``   tests a formula by itself, at random points, with
    ``reading``    its TeX -> expressions, only if sure what is meant
    ``factors``    its sides -> factors and operators, brackets in brackets
    ``letters``    which letters are functions, and which only stand there
    ``doubts``     refuses what two readers may read in two ways
    ``writing``    writes the rest so that SymPy reads it as all of them do
    ``matrices``   whether the order of factors matters
    ``names``      what its names are: numbers, functions, sequences
    ``values``     an expression and a point -> a number, or why not
    ``cache``      keeps outputs between builds
    ``outputs``    puts outputs in order, finds what another build changes
    ``errors``     what ended a cell or check -> the sentence, the hint
    ``notebook``   runs one notebook: its time, its errors, a lost kernel
    ``execute``    runs all of them, where a place is
    ``local``      this machine as that place: threads, kernels
    ``cluster``    a Dask cluster as that place
    ``remote``     what one of its workers does with a job
    ``shards``     shares for machines that know nothing of each other
    ``merge``      outputs in other caches -> the cache of this book
    ``build``      makes the package, then the site
    ``repeat``     builds twice, and compares
    ``builder``    builds again and again, without the time for imports
    ``beside``     builds a book beside the build of another one
    ``preview``    serves what is built again and again; reloads its pages
    ``write``      watches the book, and does both
``publish/``     a built book -> the world; works where nothing is installed
    ``layout``     where a site has what, and what its branches are called
    ``age``        whether a site is older than its book
    ``git``        runs git
    ``repository`` who publishes this book, and where
    ``branches``   puts notebooks where launch links open them
    ``mirror``     puts the site where another host serves it
    ``archive``    zips that are the same, to the byte
    ``release``    what a version consists of
    ``wheel``      these tools as a package that any book can install
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
    ``volume``     the pages of a built site -> one page
    ``pdf``        prints that
    ``picture``    a picture of a page, for the READMEs
    ``glyphs``     letters that no font of the PDF has
    ``printed``    page numbers and bytes of what Chromium printed
    ``atomic``     replaces the folder of a site in one step

On top stand ``__main__``, which finds the module of a command, and
``sphinxext/``   the only place that imports Sphinx, docutils or MyST-NB
    ``__init__``   the features of pages in order, a file each, what they do
    ``settings``   which keys of ``_config.yml`` have an effect, or why not
    ``execution``  which chapters run anew, before pages are read
    ``features``   which features a book has
    ``order``      the stages of a build;  ``state``  what features share
    ``stopping``   how problems end a build
    ``texts``      what features translate texts with
``check/``       what an author's site may have wrong; pytest runs it
    ``command``    builds the site where that is due, runs the checks
    ``plugin``     what checks get from pytest;  ``screen``  what is shown
    ``built``      the site, and the sources of its pages
    ``findings``   what checks report
    ``browser``    a server, a browser, what goes wrong on a page
    ``readers``    people who have only what they have downloaded
"""
