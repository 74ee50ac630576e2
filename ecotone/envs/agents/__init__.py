"""Environments of many agents."""
