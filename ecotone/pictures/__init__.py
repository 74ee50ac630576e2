"""Recordings as pictures, films, pages and maps."""
