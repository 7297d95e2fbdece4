"""Who has returned."""
