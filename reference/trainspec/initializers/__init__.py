"""Initial weights: constant, normal, Xavier, He, and the fans that they need."""
