"""A test bench of tracking: clips composed of faces whose place is known in every frame, and a tracker's score.

`people` cuts heads out of pictures; `canvas` puts them into frames and says what shows; `scenes` moves them around;
`score` counts what a tracker got wrong.
"""
