"""Training by several processes: the hosts, their meeting, and the sums that they exchange. Begin with `world.py`."""
