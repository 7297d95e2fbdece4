"""Finds new faces: the models, and how they run beside the tracker."""
