"""Environments of many agents, and many copies of them as streams."""
