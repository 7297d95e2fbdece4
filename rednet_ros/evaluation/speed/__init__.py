"""The speed benchmark: `run` measures, `page` shows. A report is one JSON object."""
