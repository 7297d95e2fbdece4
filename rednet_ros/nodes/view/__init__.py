"""The live view of a running tracker."""
