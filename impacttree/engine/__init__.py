"""Compiled trees: tape, evaluators, gradients, time stepping, flows; the home of sympy and numpy."""
