"""The error for environments whose package is not installed."""


class MissingExtra(ImportError):
    """A package that Ecotone needs only for some environments is not installed; the message says how to install it."""

    def __init__(self, package: str, extra: str | None = None) -> None:
        super().__init__(f"{package} is not installed: pip install 'ecotone[{extra or package}]'", name=package)
