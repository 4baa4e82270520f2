"""Where a built site has what, and which branches a repository publishes on.

Builders and publishers must agree on these names; pages link to them, too.
"""

# Folders of a site: notebooks with scripts and the zip of all; the PDF.
NOTEBOOKS = "_notebooks"
PDF = "_pdf"

# The file that names the commit which a published site was built from.
COMMIT = "commit.txt"

# Launch links open what is on the first; the second is Binder's environment.
NOTEBOOKS_BRANCH = "notebooks"
BINDER_BRANCH = "binder"
