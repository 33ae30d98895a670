"""Mutations that change the world: each becomes one event of its log; every other is answered as not modelled."""
