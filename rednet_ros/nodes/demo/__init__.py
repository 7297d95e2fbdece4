"""`make demo`: a player, a recorder and a summary."""
