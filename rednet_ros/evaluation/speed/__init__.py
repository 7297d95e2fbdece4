"""The speed benchmark: `run` measures workers beside each other, `page` shows. Figures are plain values, for JSON."""
