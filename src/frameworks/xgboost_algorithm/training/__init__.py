"""The command `train` of the algorithm: read the channels, join the hosts, boost round by round, save the model."""
