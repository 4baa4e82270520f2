# Generated from chapters/roots.md by hand, once.
