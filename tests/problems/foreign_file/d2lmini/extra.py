
# Generated from nothing
