"""Chapters written for others -> chapters in the dialect."""
