"""Compiled environments of other packages, each imported only in the one file named after it, on use."""
