"""Where a built site has what, and which branches a repository publishes on.

Builders and publishers must agree on these names; pages link to them, too.
"""

# Folders of a site: notebooks with scripts and the zip of all; the PDF.
NOTEBOOKS = "_notebooks"
PDF = "_pdf"


def file_name(package: str, language: str = "") -> str:
    """Return what files of a book for readers are called.

    An edition has its files in a folder of its own, named as its language;
    there they are called as the book's, with the language: ``course-en``.
    """
    return f"{package}-{language}" if language else package


# The file that names the commit which a published site was built from.
COMMIT = "commit.txt"

# Launch links open what is on the first; the second is Binder's environment.
NOTEBOOKS_BRANCH = "notebooks"
BINDER_BRANCH = "binder"

# What stands at the top of these branches: branch -> a file of the site.
READMES = {
    branch: f"_branches/{branch}.md"
    for branch in (NOTEBOOKS_BRANCH, BINDER_BRANCH)
}
