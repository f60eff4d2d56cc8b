"""Answers in one call: a value with its source, the report on a model, the state of diffusion."""
