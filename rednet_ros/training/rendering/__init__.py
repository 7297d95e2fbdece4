"""Renders training faces: a CC0 head model, looks from a folder of CC0 assets, exact landmarks with visibility.

`assets` and `rig` read what the user provides; `identity`, `expression`, `appearance` and `scene` draw what a face
looks like from a seed; `gl` draws it; `still` and `clip` put pictures and labels together; `shards` writes many of them
in many processes.
"""
