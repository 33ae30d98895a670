"""The verbs: what assets, the command line and simulations all call. Only here are rooms put together."""
