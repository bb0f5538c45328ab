"""Holds each task to its bounds, and ends all there is of it: one contract, three ways."""
