"""The actions of each type of step: begin it, look at it and stop it, without waiting."""
