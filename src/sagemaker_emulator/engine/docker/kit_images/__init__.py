"""The images that the kit builds in the place of AWS's: of frameworks, and of Model Monitor."""
