"""The experiments of docs/experiments.md: what is run, how, and how it is reported."""
