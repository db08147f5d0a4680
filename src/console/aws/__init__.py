"""What the pages show, as small frozen values, read from AWS."""
