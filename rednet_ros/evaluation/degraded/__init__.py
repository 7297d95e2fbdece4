"""What memory is for: clips with bursts of degraded frames, by four rules (docs/evaluation.md, "Degraded clips")."""
