"""What training does to a picture or a clip."""
