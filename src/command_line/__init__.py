"""The command `scones`: joins the commands of the parts, which do not know each other."""
