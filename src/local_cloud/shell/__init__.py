"""A shell, a command or a notebook that uses the AWS of the profile: its variables, its AWS configuration, its hook."""
