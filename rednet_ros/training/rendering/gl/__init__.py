"""Draws heads with OpenGL: on a GPU or on the CPU (Mesa's llvmpipe), without a display (EGL)."""
