"""RED-Net itself. Imports torch (and safetensors, for its weights) only."""
