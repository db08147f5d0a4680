"""The networks, the weights that training begins with, and the files that a trained network is stored in."""
