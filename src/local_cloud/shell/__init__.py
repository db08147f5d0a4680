"""The variables, AWS configuration and start-up hook of a shell, command or notebook that uses the profile's AWS."""
