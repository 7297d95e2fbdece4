"""Data sets, augmentation, training stages, metrics and evaluation."""
