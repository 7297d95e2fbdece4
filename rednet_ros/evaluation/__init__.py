"""All that measures: accuracy, video protocols, flicker, the paper's tables, verification, tracking, speed."""
