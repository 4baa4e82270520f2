"""Chapters -> the outputs of their cells."""
