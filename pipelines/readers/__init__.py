"""Formats: the bytes of a file to rows of text with their line, and back to the raw line for an explanation."""
