"""An OpenGL context without a display."""

from __future__ import annotations

from typing import Any

from rednet_ros.errors import RednetError


class RenderingUnavailable(RednetError):
    """This machine cannot render: a package or a driver is missing."""


def open_context() -> Any:
    """A moderngl context through EGL.

    Raises RenderingUnavailable that names what to install.
    """
    try:
        import moderngl
    except ImportError as error:
        raise RenderingUnavailable("moderngl is not installed: pip install 'rednet_ros[render]'") from error
    create: Any = moderngl.create_context  # its type knows no backends
    try:
        # EGL gives every function of OpenGL; moderngl's default also loads libGL.so, which is a package of its own.
        context = create(standalone=True, backend="egl", libegl="libEGL.so.1", libgl="libEGL.so.1")
    except Exception as error:  # glcontext raises plain Exception
        raise RenderingUnavailable(
            f"no OpenGL through EGL here ({error}). On Debian and Ubuntu: apt install libegl1 libgl1-mesa-dri; "
            "on a GPU machine the driver's EGL library (libnvidia-gl) does as well"
        ) from error
    if context.version_code < 330:
        raise RenderingUnavailable(f"OpenGL 3.3 is needed, this driver has {context.version_code / 100:.1f}")
    return context
