"""Memories of rows."""
