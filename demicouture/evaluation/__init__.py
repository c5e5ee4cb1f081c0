"""Measures of generated pictures: style, realism, distance from photographs."""
