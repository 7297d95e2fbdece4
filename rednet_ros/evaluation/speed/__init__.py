"""How fast it is: every figure beside its floor, on frames that are made here or come from a clip."""
