"""`python -m scones_unlimited`: the command `scones` of this environment."""

from scones_unlimited.launcher import main

if __name__ == "__main__":
    main()
