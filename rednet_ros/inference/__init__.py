"""One recurrent step of RED-Net, run K times for a batch of faces. NumPy at its border."""


def __getattr__(name: str) -> object:
    """`exportable` needs PyTorch, which nothing else that is imported from here may load."""
    if name != "exportable":
        raise AttributeError(name)
    from rednet_ros.inference.export import exportable

    return exportable
