"""Ways to compute the graph: eager PyTorch, compiled, OpenVINO, a CUDA graph, a TensorRT engine."""

from rednet_ros.inference.backends.backend import Backend, BackendUnavailableError, Graph

__all__ = ["Backend", "BackendUnavailableError", "Graph"]
