"""Imported by the fork server after all else, which stays shared that way.

A search for garbage writes to each object that it looks at.  What it wrote to
would be copied: the whole memory of the server, for each kernel.
"""

import gc

gc.freeze()
