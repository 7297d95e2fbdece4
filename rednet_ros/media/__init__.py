"""Images and videos: read, written, and judged by their headers first."""
