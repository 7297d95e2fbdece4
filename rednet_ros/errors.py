"""What the package raises for input it cannot use. Every message names what, where and what to do."""


class RednetError(Exception):
    """Base of the package's own errors."""


class WeightsError(RednetError):
    """A weights file is missing, damaged, of another network, or holds values that cannot be used."""


class InputError(RednetError):
    """An image, video, labels file, configuration or parameter cannot be used."""
